#pragma once

#include <string>
#include <vector>

namespace fanin::harness {

struct SelftestOptions {
  std::vector<std::string> models = {"epoll", "thread", "io-uring-multishot"};
  std::vector<std::string> scenarios;  // empty: all
  int sessions = 10;                   // of each scenario and model
  std::string out;                     // sessions and runs are added to those that it holds; empty: by what is done
  std::vector<std::string> merge;      // other results whose sessions are added; nothing is measured
  bool simulate = false;               // simulate instead of measuring sessions
  bool drift = false;                  // measure the drift between runs instead
  int runs = 16;                       // with `drift`
};

// `fanin selftest`: measures how often `fanin ab` errs on this machine, simulates how often each procedure does, or
// measures how much runs of one commit differ. Writes the file after every session, run or simulation. Returns 0, or
// 130 if interrupted. Throws std::invalid_argument for errors of the user, std::runtime_error if nothing can be
// measured.
int run_selftest(const SelftestOptions& options);

}  // namespace fanin::harness
