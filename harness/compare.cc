#include "harness/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "harness/comparability.h"
#include "harness/summary.h"

namespace fanin {
namespace {

constexpr double kLevel = 0.95;

struct Compared {
  const char* metric;
  const char* unit;
  double CompareOptions::*band;
  bool higher_is_better;
};

constexpr std::array<Compared, 3> kCompared{{
    {"throughput_per_s", "1/s", &CompareOptions::throughput_band, true},
    {"response_p99_ns", "ns", &CompareOptions::latency_band, false},
    {"server_cpu_per_request_ns", "ns", &CompareOptions::cpu_band, false},
}};

const Json* find_cell(const Json& run, const std::string& id) {
  for (const Json& cell : run.at("cells")) {
    if (cell.at("id") == id) {
      return &cell;
    }
  }
  return nullptr;
}

// The metric in all rounds of the cell that are ok; empty where one of them lacks it or where it is not above zero.
std::vector<double> values_of(const Json& run, const std::string& cell, const std::string& metric) {
  std::vector<double> values;
  for (const Json& round : run.at("rounds")) {
    if (round.at("cell") != cell || round.at("status") != "ok") {
      continue;
    }
    const Json value = metric_of(round, metric);
    if (!value.is_number() || value.get<double>() <= 0) {
      return {};
    }
    values.push_back(value.get<double>());
  }
  return values;
}

std::vector<double> logarithms(std::vector<double> values) {
  std::transform(values.begin(), values.end(), values.begin(), [](double value) { return std::log(value); });
  return values;
}

MetricComparison compare_metric(const std::string& cell, const Compared& what, const std::vector<double>& first,
                                const std::vector<double>& second, const CompareOptions& options) {
  const Shift shift = rank_sum_shift(logarithms(first), logarithms(second), kLevel);
  MetricComparison result{cell,          what.metric,           what.unit,
                          median(first), median(second),        std::exp(shift.estimate),
                          std::nullopt,  Verdict::kInconclusive};
  if (shift.interval) {
    result.interval = Interval{std::exp(shift.interval->low), std::exp(shift.interval->high), shift.interval->coverage};
  }
  result.verdict = judge_ratio(result.interval, options.*what.band, what.higher_is_better);
  return result;
}

// Why this cell is left out, or nothing where both runs measured it in the same way.
std::optional<UncomparedCell> uncompared(const Json& first, const Json* second) {
  const std::string id = first.at("id").get<std::string>();
  const std::string before = first.at("status").get<std::string>();
  if (second == nullptr) {
    return UncomparedCell{id, "only in the first run", false};
  }
  const std::string after = second->at("status").get<std::string>();
  if (before == "measured" && after == "measured") {
    return std::nullopt;
  }
  const auto reason = [](const Json& cell) {
    return cell.at("reason").is_string() ? ": " + cell.at("reason").get<std::string>() : std::string();
  };
  if (before != "measured") {
    return UncomparedCell{id, fmt::format("{} in the first run{}", before, reason(first)), false};
  }
  return UncomparedCell{id, fmt::format("{} in the second run{}", after, reason(*second)), after == "failed"};
}

}  // namespace

bool Comparison::any_worse() const {
  return std::any_of(metrics.begin(), metrics.end(), [](const auto& m) { return m.verdict == Verdict::kWorse; }) ||
         std::any_of(uncompared.begin(), uncompared.end(), [](const auto& cell) { return cell.worse; });
}

Verdict judge_ratio(const std::optional<Interval>& ratio, double band, bool higher_is_better) {
  if (!ratio) {
    return Verdict::kInconclusive;
  }
  // Symmetric in logarithms: what is 5 % up and back again is within the band both times.
  const double upper = 1 + band;
  const double lower = 1 / upper;
  if (ratio->low > upper) {
    return higher_is_better ? Verdict::kBetter : Verdict::kWorse;
  }
  if (ratio->high < lower) {
    return higher_is_better ? Verdict::kWorse : Verdict::kBetter;
  }
  return ratio->low >= lower && ratio->high <= upper ? Verdict::kEquivalent : Verdict::kInconclusive;
}

Comparison compare_runs(const Json& first, const Json& second, const CompareOptions& options) {
  Comparison comparison;
  comparison.differences = environment_differences(first, second);
  for (const Json& cell : first.at("cells")) {
    if (cell.at("role") == "aa") {
      continue;  // the run's own measure of noise, not a subject
    }
    const std::string id = cell.at("id").get<std::string>();
    if (auto left_out = uncompared(cell, find_cell(second, id))) {
      comparison.uncompared.push_back(std::move(*left_out));
      continue;
    }
    for (const Compared& what : kCompared) {
      const std::vector<double> a = values_of(first, id, what.metric);
      const std::vector<double> b = values_of(second, id, what.metric);
      if (a.empty() || b.empty()) {
        comparison.uncompared.push_back({id, fmt::format("{}: not known in all rounds", what.metric), false});
      } else {
        comparison.metrics.push_back(compare_metric(id, what, a, b, options));
      }
    }
  }
  for (const Json& cell : second.at("cells")) {
    const std::string id = cell.at("id").get<std::string>();
    if (cell.at("role") != "aa" && find_cell(first, id) == nullptr) {
      comparison.uncompared.push_back({id, "only in the second run", false});
    }
  }
  return comparison;
}

}  // namespace fanin
