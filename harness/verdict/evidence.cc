#include "harness/verdict/evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/json/json_reader.h"
#include "harness/suite/schema.h"
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

const Json& drift_document() {
  static const Json kDocument = Json::parse(schema_text("drift"));
  return kDocument;
}

}  // namespace

Unit choose_unit(std::size_t base_runs, std::size_t new_runs) {
  return statistics::rank_sum_shift(Logs(base_runs), Logs(new_runs), statistics::kConfidenceLevel).interval
             ? Unit::kRun
             : Unit::kRound;
}

TestedMetric test_evidence(MetricVerdict named, const Evidence& evidence, Unit unit, double drift) {
  TestedMetric tested{std::move(named)};
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

Drift find_drift(const std::string& metric) {
  const auto find = [&metric](const char* key) {
    const Json& deviations = drift_document().at(key);
    const auto known = deviations.find(metric);
    return (known != deviations.end() ? known : std::max_element(deviations.begin(), deviations.end()))->get<double>();
  };
  return {find("log_deviations"), find("ratio_log_deviations")};
}

std::string describe_method(Unit unit, const std::vector<TestedMetric>& tested) {
  const std::string correction = "Hodges-Lehmann estimates with rank-sum intervals; Benjamini-Hochberg";
  if (unit == Unit::kRun) {
    return "the unit is a run; " + correction;
  }
  std::vector<std::string> names;
  std::string drifts;
  for (const TestedMetric& each : tested) {
    const std::string& metric = each.verdict.metric;
    if (std::find(names.begin(), names.end(), metric) == names.end()) {
      names.push_back(metric);
      const Drift drift = find_drift(metric);
      const bool has_ratio = drift_document().at("ratio_log_deviations").contains(metric);
      drifts += fmt::format("{}{} {:.3g} %{}", drifts.empty() ? "" : ", ", metric, drift.of_value * 100,
                            has_ratio ? fmt::format(" (its ratios {:.3g} %)", drift.of_ratio * 100) : "");
    }
  }
  return fmt::format(
      "the runs are too few to show the drift between them, so intervals allow for a standard deviation of {}, from "
      "{}; {}",
      drifts.empty() ? "0 %" : drifts, drift_document().at("source").get<std::string>(), correction);
}

std::string describe_false_discoveries(Unit unit) {
  const char* const condition = unit == Unit::kRun
                                    ? "if the runs of base and new were measured in turn"
                                    : "if runs of one commit differ no more than results/selftest/drift.json says";
  return fmt::format(
      "by design at most {:g} % of the changes that it reports, {} (docs/statistics.md); fanin selftest measures fanin "
      "ab",
      kFalseDiscoveryRate * 100, condition);
}

}  // namespace fanin::harness
