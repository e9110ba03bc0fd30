#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fanin::guest {

// Where things are in the guest's file system.
inline constexpr const char* kServerPath = "/bin/fanin-server";
inline constexpr const char* kGeneratorPath = "/bin/fanin-load";
inline constexpr const char* kHarnessPath = "/bin/fanin";
inline constexpr const char* kPlanPath = "/plan.json";
inline constexpr const char* kSuiteDirectory = "/suite";  // files that workloads name; the generator runs here
inline constexpr const char* kSuitePath = "/suite/suite.json";
inline constexpr const char* kRunDirectory = "/tmp/run";
inline constexpr const char* kTargetWord = "{target}";  // of a generator's command line: HOST:PORT of the server

struct GuestCell {
  std::vector<std::string> server;     // command line
  std::vector<std::string> generator;  // command line, without output and control socket
};

// What the guest's init is to do. A value.
struct GuestPlan {
  bool sends_symbols = false;                  // sends /proc/kallsyms before all else
  std::map<std::string, std::string> sysctls;  // name with dots -> value
  std::vector<GuestCell> cells;
  std::vector<std::string> run;  // command line of `fanin run`, with kRunDirectory as its --out; empty: there is none
};

std::string format_plan(const GuestPlan& plan);
// Throws std::exception where the text is no plan.
GuestPlan parse_plan(std::string_view text);

}  // namespace fanin::guest
