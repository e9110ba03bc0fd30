#include "harness/verdict/evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "os/format.h"
#include "statistics/inference.h"
#include "statistics/sequential.h"

namespace fanin::harness {
namespace {

using Logs = std::vector<double>;

// The units of one side: its rounds, or the median of each run.
Logs take_units(const std::vector<Logs>& runs, Unit unit) {
  Logs units;
  for (const Logs& run : runs) {
    if (unit == Unit::kRun) {
      units.push_back(statistics::median(run));
    } else {
      units.insert(units.end(), run.begin(), run.end());
    }
  }
  return units;
}

statistics::ShiftTest test_units(const Logs& base, const Logs& now, Unit unit, double variance) {
  return unit == Unit::kRun ? statistics::ShiftTest{statistics::rank_sum_shift(base, now, statistics::kConfidenceLevel),
                                                    statistics::rank_sum_p(base, now)}
                            : statistics::test_drifting_shift(base, now, variance, statistics::kConfidenceLevel);
}

}  // namespace

Unit choose_unit(std::size_t base_runs, std::size_t new_runs) {
  return statistics::rank_sum_shift(Logs(base_runs), Logs(new_runs), statistics::kConfidenceLevel).interval
             ? Unit::kRun
             : Unit::kRound;
}

TestedMetric test_evidence(MetricVerdict named, const Evidence& evidence, Unit unit, double drift) {
  TestedMetric tested{.verdict = std::move(named), .drift = drift};
  MetricVerdict& verdict = tested.verdict;
  const Logs base = take_units(evidence.base, unit);
  const Logs now = take_units(evidence.now, unit);
  const double of_base = statistics::median(base);
  verdict.base = std::exp(of_base);
  verdict.now = std::exp(statistics::median(now));
  verdict.units = std::min(base.size(), now.size());
  for (const double value : now) {
    verdict.log_ratios.push_back(value - of_base);
  }
  const double runs = 1.0 / static_cast<double>(evidence.base.size()) + 1.0 / static_cast<double>(evidence.now.size());
  const statistics::ShiftTest test = test_units(base, now, unit, drift * drift * runs);
  tested.p = test.p;
  verdict.ratio = to_ratio(test.shift);
  verdict.verdict = judge_ratio(verdict.ratio->interval, verdict.band, verdict.higher_is_better);
  if (test.shift.interval) {
    // Of two samples, the width of the interval rests on one value less than both have.
    verdict.smallest_effect = std::expm1(statistics::smallest_effect(
        *test.shift.interval, statistics::kConfidenceLevel, std::log1p(verdict.band), base.size() + now.size() - 1));
  } else {
    const char* const name = unit == Unit::kRun ? "run" : "round";
    verdict.add_reason(fmt::format("{} of base and {} of new are too few for an interval: measure at least 4",
                                   os::plural(base.size(), name), os::plural(now.size(), name)));
  }
  return tested;
}

std::vector<MetricVerdict> correct_for_number(std::vector<TestedMetric> tested) {
  std::vector<double> p;
  for (const TestedMetric& each : tested) {
    if (each.verdict.ratio && each.verdict.ratio->interval) {
      p.push_back(each.p);
    }
  }
  const std::vector<double> adjusted = statistics::benjamini_hochberg(p);
  auto next = adjusted.begin();
  std::vector<MetricVerdict> verdicts;
  for (TestedMetric& each : tested) {
    MetricVerdict& verdict = each.verdict;
    const bool has_p = verdict.ratio && verdict.ratio->interval;
    const bool is_change = verdict.verdict == Verdict::kBetter || verdict.verdict == Verdict::kWorse;
    if (has_p && *next++ > kFalseDiscoveryRate && is_change) {
      verdict.verdict = Verdict::kUndecided;
      verdict.add_reason(
          fmt::format("beyond the band, but chance may explain it among {}", os::plural(p.size(), "comparison")));
    }
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

std::string describe_method(Unit unit, const std::vector<TestedMetric>& tested, const std::string& drift_source) {
  const std::string correction = "Hodges-Lehmann estimates with rank-sum intervals; Benjamini-Hochberg";
  if (unit == Unit::kRun) {
    return "the unit is a run; " + correction;
  }
  std::vector<std::string> names;
  std::map<std::string, std::pair<double, double>> ranges;
  for (const TestedMetric& each : tested) {
    const std::string& metric = each.verdict.metric;
    const auto [range, is_new] = ranges.try_emplace(metric, each.drift, each.drift);
    auto& [least, most] = range->second;
    least = std::min(least, each.drift);
    most = std::max(most, each.drift);
    if (is_new) {
      names.push_back(metric);
    }
  }
  std::string drifts;
  for (const std::string& name : names) {
    const auto& [least, most] = ranges.at(name);
    drifts += fmt::format("{}{} {}{:.3g} %", drifts.empty() ? "" : ", ", name,
                          least < most ? fmt::format("{:.3g} to ", least * 100) : "", most * 100);
  }
  return fmt::format(
      "the runs are too few to show the drift between them, so intervals allow for a standard deviation of {}, from "
      "{}; {}",
      drifts.empty() ? "0 %" : drifts, drift_source, correction);
}

std::string describe_false_discoveries(Unit unit) {
  const char* const condition = unit == Unit::kRun
                                    ? "if the runs of base and new alternated"
                                    : "if runs of one commit differ no more than results/selftest/drift.json says";
  return fmt::format(
      "by design at most {:g} % of the changes that it reports, {} (docs/statistics.md); fanin selftest measures fanin "
      "ab",
      kFalseDiscoveryRate * 100, condition);
}

}  // namespace fanin::harness
