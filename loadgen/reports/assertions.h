#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "loadgen/plan/condition.h"
#include "loadgen/reports/verdict.h"
#include "os/program.h"

namespace fanin::load {

enum class Decision { kMet, kMissed, kUndecided };

// Whether a result meets a condition.
struct ConditionCheck {
  Decision decision = Decision::kUndecided;
  std::optional<double> value = {};  // of the figure, in its unit; none: unknown, or beyond every latency
  std::string text = {};             // the figure for people, or why the condition is undecided
};

// An invalid result decides nothing, nor does a percentile with too few samples. A percentile among the requests
// without a reply is above every bound. Pure.
ConditionCheck check_condition(const Condition& condition, const LoadResult& result, const Verdict& verdict);

// Requests that failed or were not answered, as a share of those that were sent.
double error_share(const LoadResult& result) noexcept;
// How many samples a percentile must have.
double samples_needed(const Percentile& percentile) noexcept;

// The assertions of a plan: a line "assert p99<2ms: met, 1.31 ms" for each, after `prefix`; as JSON, as
// docs/contracts.md has it.
std::string assertion_lines(const LoadPlan& plan, const LoadResult& result, const Verdict& verdict,
                            std::string_view prefix);
nlohmann::ordered_json assertions_json(const LoadPlan& plan, const LoadResult& result, const Verdict& verdict);

// kPassed if every assertion is met, else kRegression if one is missed, kFailed if the result is invalid, kUndecided.
os::ExitCode judge(const LoadPlan& plan, const LoadResult& result, const Verdict& verdict);
// Of two parts of a command. A missed assertion counts most, then an invalid result.
os::ExitCode worse_of(os::ExitCode a, os::ExitCode b) noexcept;

}  // namespace fanin::load
