#include "harness/verdict/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "harness/analysis/notes.h"
#include "harness/analysis/summary.h"
#include "os/format.h"
#include "statistics/statistics.h"

namespace fanin::harness {
namespace {

struct Compared {
  const char* metric;
  double CompareOptions::*band;
};

constexpr std::array<Compared, 3> kCompared{{
    {"throughput_per_s", &CompareOptions::throughput_band},
    {"response_p99_ns", &CompareOptions::latency_band},
    {"server_cpu_per_request_ns", &CompareOptions::cpu_band},
}};

// The slope of a metric that has one, over the connections of the sweep.
constexpr Compared kComparedSlope{"memory_total_bytes", &CompareOptions::memory_band};

const Json* find_cell(const Json& run, const std::string& id) {
  for (const Json& cell : run.at("cells")) {
    if (cell.at("id") == id) {
      return &cell;
    }
  }
  return nullptr;
}

std::vector<const Json*> rounds_of(const Json& run, const std::string& cell) {
  std::vector<const Json*> rounds;
  for (const Json& round : run.at("rounds")) {
    if (round.at("cell") == cell) {
      rounds.push_back(&round);
    }
  }
  return rounds;
}

// A metric in the rounds of a cell that are ok. No values where one of them lacks it or has 0, which has no logarithm.
struct Sample {
  std::vector<double> values;
  std::size_t zeros = 0;
  std::size_t uncompleted = 0;  // rounds without the percentile because it falls among uncompleted requests
};

Sample sample_of(const std::vector<const Json*>& rounds, const std::string& metric) {
  Sample sample;
  std::size_t missing = 0;
  const Json::json_pointer uncompleted("/load/latency/response/uncompleted");
  for (const Json* round : rounds) {
    if (round->at("status") != "ok") {
      continue;
    }
    const Json value = metric_of(*round, metric);
    if (value.is_number() && value.get<double>() > 0) {
      sample.values.push_back(value.get<double>());
      continue;
    }
    ++missing;
    sample.zeros += value.is_number() ? 1 : 0;
    const bool is_percentile = metric.rfind("response_", 0) == 0;
    sample.uncompleted += is_percentile && round->contains(uncompleted) && round->at(uncompleted) > 0 ? 1 : 0;
  }
  if (missing > 0) {
    sample.values.clear();
  }
  return sample;
}

// Why a metric cannot be compared. It counts as worse where the first run has it, and the second has none because
// nothing came back.
UncomparedCell without_metric(const std::string& cell, const std::string& metric, const Sample& first,
                              const Sample& second) {
  const bool in_first = first.values.empty();
  const Sample& sample = in_first ? first : second;
  std::string reason = "not known in all rounds";
  if (sample.zeros > 0) {
    reason = "0 in " + plural(sample.zeros, "round");
  } else if (sample.uncompleted > 0) {
    reason = "falls among requests that failed or were not answered";
  }
  return {cell, fmt::format("{}: {} of the {} run", metric, reason, in_first ? "first" : "second"),
          !in_first && (sample.zeros > 0 || sample.uncompleted > 0)};
}

std::vector<double> logarithms(std::vector<double> values) {
  std::transform(values.begin(), values.end(), values.begin(), [](double value) { return std::log(value); });
  return values;
}

MetricComparison compare_metric(const std::string& cell, const Compared& what, const std::vector<double>& first,
                                const std::vector<double>& second, const CompareOptions& options) {
  const Shift shift = rank_sum_shift(logarithms(first), logarithms(second), kConfidenceLevel);
  const Metric& metric = find_metric(what.metric);
  MetricComparison result{cell,          metric.name,        metric.unit,
                          median(first), median(second),     std::exp(shift.estimate),
                          std::nullopt,  Verdict::kUndecided};
  if (shift.interval) {
    result.interval = Interval{std::exp(shift.interval->low), std::exp(shift.interval->high), shift.interval->coverage};
  }
  result.verdict = judge_ratio(result.interval, options.*what.band, metric.higher_is_better);
  return result;
}

// Why this cell is left out, or nothing where both runs measured it in the same way.
std::optional<UncomparedCell> uncompared(const Json& first, const Json* second) {
  const std::string id = first.at("id").get<std::string>();
  const std::string before = first.at("status").get<std::string>();
  if (second == nullptr) {
    return UncomparedCell{id, "missing in the second run", before == "measured"};
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
  return UncomparedCell{id, fmt::format("{} in the second run{}", after, reason(*second)), true};
}

// Says what is the matter with the rounds of a cell, one line for each run that has something.
bool add_notes(const Json& first, const Json& second, const std::string& cell, std::vector<std::string>& notes) {
  const std::size_t before = notes.size();
  for (const auto& [run, name] : {std::pair{&first, "first"}, std::pair{&second, "second"}}) {
    const Json repetitions = run->at("suite").at("repetitions");
    const std::string note = cell_note(rounds_of(*run, cell), repetitions.get<std::size_t>());
    if (!note.empty()) {
      notes.push_back(fmt::format("{} in the {} run: {}", cell, name, note));
    }
  }
  return notes.size() > before;
}

void compare_cell(const Json& first, const Json& second, const std::string& cell, const CompareOptions& options,
                  Comparison& comparison) {
  const bool marked = add_notes(first, second, cell, comparison.notes);
  const std::vector<const Json*> before = rounds_of(first, cell);
  const std::vector<const Json*> after = rounds_of(second, cell);
  for (const Compared& what : kCompared) {
    const Sample a = sample_of(before, what.metric);
    const Sample b = sample_of(after, what.metric);
    if (a.values.empty() || b.values.empty()) {
      comparison.uncompared.push_back(without_metric(cell, what.metric, a, b));
    } else {
      comparison.metrics.push_back(compare_metric(cell, what, a.values, b.values, options));
      comparison.metrics.back().marked = marked;
    }
  }
}

std::string name_of(const std::vector<const Json*>& group) {
  return group.front()->at("experiment").get<std::string>() + "/" + group.front()->at("server").get<std::string>();
}

std::vector<double> slopes_of(const Json& run, const std::vector<const Json*>& group) {
  std::vector<const Json*> rounds;
  for (const Json& round : run.at("rounds")) {
    rounds.push_back(&round);
  }
  return block_slopes(group, rounds, kComparedSlope.metric);
}

// Sweep values that only one of the runs could measure would make the slopes those of different lines.
std::vector<Json> measured_values(const std::vector<const Json*>& group) {
  std::vector<Json> values;
  for (const Json* cell : group) {
    if (cell->at("status") == "measured") {
      values.push_back(cell->at("value"));
    }
  }
  return values;
}

void compare_slopes(const Json& first, const Json& second, const CompareOptions& options, Comparison& comparison) {
  const auto others = sloped_cells(second.at("cells"));
  for (const auto& group : sloped_cells(first.at("cells"))) {
    const std::string name = name_of(group);
    const auto other =
        std::find_if(others.begin(), others.end(), [&](const auto& each) { return name_of(each) == name; });
    if (other == others.end() || measured_values(group) != measured_values(*other)) {
      continue;  // the cells themselves are named already
    }
    const std::vector<double> a = slopes_of(first, group);
    const std::vector<double> b = slopes_of(second, *other);
    const auto is_positive = [](double slope) { return slope > 0; };
    if (a.empty() || b.empty() || !std::all_of(a.begin(), a.end(), is_positive) ||
        !std::all_of(b.begin(), b.end(), is_positive)) {
      comparison.uncompared.push_back({name, "memory per idle connection: no slope above zero in every block", false});
      continue;
    }
    MetricComparison result = compare_metric(name, kComparedSlope, a, b, options);
    result.metric = "memory/idle_connection";
    result.marked = std::any_of(comparison.metrics.begin(), comparison.metrics.end(), [&](const auto& metric) {
      return metric.marked && metric.cell.rfind(name + "/", 0) == 0;
    });
    comparison.metrics.push_back(std::move(result));
  }
}

}  // namespace

bool Comparison::any_worse() const {
  return std::any_of(metrics.begin(), metrics.end(), [](const auto& m) { return m.verdict == Verdict::kWorse; }) ||
         std::any_of(uncompared.begin(), uncompared.end(), [](const auto& cell) { return cell.worse; });
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
    compare_cell(first, second, id, options, comparison);
  }
  compare_slopes(first, second, options, comparison);
  for (const Json& cell : second.at("cells")) {
    const std::string id = cell.at("id").get<std::string>();
    if (cell.at("role") != "aa" && find_cell(first, id) == nullptr) {
      comparison.uncompared.push_back({id, "only in the second run", false});
    }
  }
  return comparison;
}

}  // namespace fanin::harness
