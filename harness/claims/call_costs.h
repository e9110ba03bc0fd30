#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/claims/claim.h"
#include "harness/json/json_reader.h"
#include "harness/rounds/round.h"
#include "statistics/statistics.h"

namespace fanin::harness {

// What bare waits cost here, as fanin-micro measures them: a call of select, poll or epoll_wait with the scan that
// finds the one readable descriptor among n. A value.
class CallCosts {
 public:
  // Reads the benchmarks wait/KIND/n:N/active:1 of fanin-micro's JSON. Others, and those that failed, are left out.
  static CallCosts parse(const Json& output);
  // Runs fanin-micro for the kinds and sizes that the cases need. Empty where there is no fanin-micro, or none is
  // needed. Throws Interrupted.
  static CallCosts measure(const RoundContext& context, const std::vector<int>& allowed,
                           const std::vector<const ClaimCase*>& cases);

  // Of a wait in ns over `watched` descriptors, interpolated in logarithms; nothing beyond what was measured.
  std::optional<double> find_wait(const std::string& kind, double watched) const;
  // Of a wait of a side's server; nothing for servers whose waits are of another kind, or of several processes.
  std::optional<double> find_wait(const ClaimSide& side) const;

 private:
  std::map<std::string, std::vector<statistics::Point>> waits_;  // by kind; x: descriptors, ascending
};

}  // namespace fanin::harness
