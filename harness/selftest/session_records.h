#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/json/json_reader.h"
#include "harness/verdict/verdict.h"
#include "net/clock.h"

namespace fanin::harness {

// An effect that a session must find: base spends loops on each request, new spends more of them.
struct Scenario {
  std::string_view name;
  std::string_view metric;
  double more_cpu;  // share of the server's CPU time per request that is added
  double band;
  net::Nanoseconds budget;
};

const std::vector<Scenario>& selftest_scenarios();

// A session as selftest.json keeps it: what was expected, what was found, and the control, which is an A/A comparison.
Json session_record(const Scenario& scenario, const std::string& model, const Judgement& judgement,
                    double measured_seconds, const std::optional<RatioEstimate>& expected);

// Error rates and power that the sessions of a selftest.json show, with Clopper-Pearson bounds at 95 %: how many
// sessions of each scenario and model found the effect, and how many A/A comparisons raised an alarm.
Json summarise_sessions(const std::vector<Json>& sessions);

// One line for the last session, with the totals so far of its scenario and model, and of all false alarms.
std::string describe_last(const std::vector<Json>& sessions);

}  // namespace fanin::harness
