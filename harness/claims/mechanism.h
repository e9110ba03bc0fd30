#pragma once

#include <map>
#include <optional>
#include <string>

#include "harness/claims/call_costs.h"
#include "harness/claims/case_run.h"

namespace fanin::harness {

// Medians of the metrics that explain a server's CPU time, latency or memory; nothing: no round has it.
using MechanismFigures = std::map<std::string, std::optional<double>>;

// Why the sides of a case differ, as far as counters tell.
struct Mechanism {
  std::string text;  // one line; empty: nothing is known
  std::optional<MechanismFigures> base;
  MechanismFigures now;
};

// What differs most between two sides, in one line: calls per request by kind, events per wait, switches, the share of
// the difference in CPU time that is system time, and the share that the cost of bare waits accounts for. Of memory:
// its parts. Without base: what the side does for a request. Pure.
std::string describe_mechanism(const std::optional<MechanismFigures>& base, const MechanismFigures& now);

// Of a case of servers; nothing of calls.
std::optional<Mechanism> explain_case(const CaseRun& run, const CallCosts& costs);

}  // namespace fanin::harness
