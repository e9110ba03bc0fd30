#include "loadgen/experiments/rate_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "loadgen/plan/option_table.h"
#include "loadgen/reports/assertions.h"

namespace fanin::load {
namespace {

constexpr std::string_view kObjectiveSyntax = "give one such as p99<2ms or p99.9<=500us,errors<0.1%";

constexpr int kMaxHalvings = 10;
constexpr int kMaxRechecks = 3;
constexpr int kMaxConfirmations = 6;

// Four significant digits: finer than any precision, and readable.
double four_digits(double rate_per_s) {
  const double unit = std::pow(10, std::floor(std::log10(rate_per_s)) - 3);
  return std::round(rate_per_s / unit) * unit;
}

class Search {
 public:
  Search(const RateSearch& search, const RateProbe& probe) : search_(search), probe_(probe) {}

  RateFound run() {
    bracket();
    bisect();
    recheck_bound();
    confirm();
    return std::move(found_);
  }

 private:
  // One probe; false also if the search ends.
  bool meets(double rate, ProbePhase phase) {
    if (found_.cut_short) {
      return false;
    }
    const auto answer = probe_(rate, phase);
    if (!answer) {
      found_.cut_short = true;
      return false;
    }
    found_.probes.push_back({rate, phase, answer->met, answer->reason});
    if (!answer->met) {
      found_.bound = answer->reason;
    }
    return answer->met;
  }

  // Keeps the bounds of the bracket up to date.
  bool probe_twice(double rate, ProbePhase phase) {
    const std::string bound_before = found_.bound;
    const bool met = meets(rate, phase) || meets(rate, phase);
    if (met) {
      met_ = rate;
      found_.bound = bound_before;  // a first attempt that failed bounds nothing
    } else {
      failed_ = rate;
    }
    return met;
  }

  void bracket() {
    double rate = four_digits(std::min(search_.start_per_s, search_.highest_per_s));
    if (probe_twice(rate, ProbePhase::kDoubling)) {
      climb(rate);
      return;
    }
    for (int i = 0; i < kMaxHalvings && rate / 2 >= search_.lowest_per_s && !found_.cut_short; ++i) {
      rate = four_digits(rate / 2);
      if (probe_twice(rate, ProbePhase::kHalving)) {
        return;
      }
    }
  }

  void climb(double rate) {
    while (rate < search_.highest_per_s) {
      rate = std::min(2 * rate, search_.highest_per_s);
      if (!probe_twice(rate, ProbePhase::kDoubling)) {
        return;
      }
    }
    found_.bound = "the highest possible rate";
  }

  // A rate may have failed in a bad moment of the machine if every lower probe passed. It is probed again; if it passes
  // now, the search goes on above it.
  void recheck_bound() {
    for (int i = 0; i < kMaxRechecks && met_ && failed_ && !bisection_failed_; ++i) {
      const double rechecked = *failed_;
      if (!probe_twice(rechecked, ProbePhase::kDoubling)) {
        return;
      }
      failed_.reset();
      climb(rechecked);
      bisection_failed_ = false;
      bisect();
    }
  }

  void bisect() {
    while (met_ && failed_ && *failed_ > *met_ * (1 + search_.precision) && !found_.cut_short) {
      const double middle = four_digits(std::sqrt(*met_ * *failed_));
      if (middle <= *met_ || middle >= *failed_) {
        return;
      }
      bisection_failed_ |= !probe_twice(middle, ProbePhase::kBisection);
    }
  }

  void confirm() {
    double step = search_.precision;
    for (int i = 0; i < kMaxConfirmations && met_ && !found_.cut_short; ++i, step *= 2) {
      if (meets(*met_, ProbePhase::kConfirmation)) {
        found_.rate_per_s = met_;
        return;
      }
      met_ = four_digits(*met_ * (1 - std::min(step, 0.5)));
    }
  }

  const RateSearch& search_;
  const RateProbe& probe_;
  RateFound found_;
  std::optional<double> met_;     // the highest rate that met the objective
  std::optional<double> failed_;  // the lowest one above that failed
  bool bisection_failed_ = false;
};

}  // namespace

Objective parse_objective(const std::string& text) {
  Objective objective{.text = text};
  bool has_percentile = false;
  const auto fail = [&text](const std::string& what) { refuse(fmt::format("--find-rate {}{}", text, what)); };
  for (const Condition& condition : parse_conditions("--find-rate", text)) {
    const bool is_percentile = condition.figure == Condition::Figure::kPercentile;
    if (!condition.is_upper || !(is_percentile || condition.figure == Condition::Figure::kErrors)) {
      fail(fmt::format(": '{}' bounds no percentile or errors from above: {}", condition.text, kObjectiveSyntax));
    }
    if (is_percentile) {
      if (has_percentile) {
        fail(" bounds two percentiles: give one");
      }
      objective.percentile = condition;
      has_percentile = true;
      continue;
    }
    if (condition.bound > kFailedInvalid) {
      fail(fmt::format(": a run with more than {0:g} % failed requests is invalid: ask for errors<={0:g}%",
                       kFailedInvalid * 100));
    }
    objective.errors = condition;
  }
  if (!has_percentile) {
    fail(fmt::format(" bounds no percentile: {}", kObjectiveSyntax));
  }
  return objective;
}

ObjectiveCheck check_objective(const Objective& objective, const Outcome& outcome) {
  const ConditionCheck latency = check_condition(objective.percentile, outcome.result, outcome.verdict);
  const std::string reason =
      latency.value ? fmt::format("{} was {}", figure_name(objective.percentile), latency.text) : latency.text;
  if (latency.decision == Decision::kMet && objective.errors) {
    const ConditionCheck errors = check_condition(*objective.errors, outcome.result, outcome.verdict);
    if (errors.decision != Decision::kMet) {
      return {false, fmt::format("{} of the requests failed or were not answered", errors.text)};
    }
  }
  return {latency.decision == Decision::kMet, reason};
}

std::string_view phase_name(ProbePhase phase) noexcept {
  switch (phase) {
    case ProbePhase::kDoubling:
      return "doubling";
    case ProbePhase::kHalving:
      return "halving";
    case ProbePhase::kBisection:
      return "bisection";
    case ProbePhase::kConfirmation:
      break;
  }
  return "confirmation";
}

RateFound find_highest_rate(const RateSearch& search, const RateProbe& probe) { return Search(search, probe).run(); }

}  // namespace fanin::load
