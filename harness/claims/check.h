#pragma once

#include <set>
#include <string>
#include <vector>

#include "harness/claims/claim.h"
#include "harness/machine/machine.h"
#include "harness/rounds/programs.h"
#include "harness/rounds/round.h"

namespace fanin::harness {

// What only the programs and the machine know about claims. Starts programs to ask them. One thread.
class ClaimChecker {
 public:
  // Both must outlive this. `allowed`: the CPUs that the harness may use.
  ClaimChecker(const RoundContext& context, std::vector<int> allowed);

  // Throws std::invalid_argument "FILE: /place: what is wrong" for the first model, benchmark or option that does not
  // exist.
  void check(const Claim& claim);

  // Why this machine cannot measure a case, with what it would take; empty: it can.
  std::string find_obstacle(const ClaimCase& of_case) const;
  // Whether the arms of a case can be up at once and driven in slices. Starts the servers to see whether they use a CPU
  // while they wait. Throws Interrupted.
  bool can_interleave(const ClaimCase& of_case);

 private:
  void check_case(const ClaimCase& of_case);
  void check_side(const ClaimCase& of_case, const ClaimSide& side);
  void check_benchmark(const ClaimCase& of_case, const ClaimSide& side);
  std::string find_side_obstacle(const ClaimCase& of_case, const ClaimSide& side) const;
  bool keeps_still(const ClaimSide& side);

  const RoundContext& context_;
  std::vector<int> allowed_;
  Catalogue catalogue_;
  Catalogue unlimited_;  // for cases about failures
  MachineLimits limits_;
  std::set<std::vector<std::string>> checked_;      // command lines
  std::vector<std::string> benchmarks_;             // of fanin-micro, once asked
  std::map<std::vector<std::string>, bool> still_;  // by command line
};

}  // namespace fanin::harness
