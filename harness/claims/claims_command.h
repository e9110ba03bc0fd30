#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/suite/selection.h"
#include "net/clock.h"

namespace fanin::harness {

struct ClaimsOptions {
  std::vector<std::string> files;  // claim files; empty: the shipped ones
  Globs only;                      // of their IDs; empty: K1 to K18 of the shipped ones, all of others
  bool list = false;
  bool swap_sides = false;  // measure the opposite of each claim
  std::string replace;      // "MODEL=MODEL [OPTIONS]": measure another model in place of one; empty: none
  net::Nanoseconds budget{};
  std::string out;                    // directory; empty: results/claims-TIME
  std::string resume;                 // directory of an interrupted run
  std::string json_path;              // a copy of claims.json; empty: none
  std::optional<std::uint64_t> seed;  // nothing: drawn
};

// `fanin claims`: measures claims and prints a verdict for each. Returns the exit code: 0 every claim is confirmed,
// refuted, contested or unsupported; 4 one is undecided; 5 one is invalid; 2 a file is wrong, after a line for each;
// 130 interrupted. Throws std::invalid_argument for other errors of the user, std::system_error if results cannot be
// written.
int run_claims(const ClaimsOptions& options);

}  // namespace fanin::harness
