#include "harness/verdict/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "harness/analysis/notes.h"
#include "harness/analysis/summary.h"
#include "harness/verdict/evidence.h"
#include "harness/verdict/stored_runs.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

constexpr const char* kThroughput = "throughput_per_s";
constexpr const char* kMemory = "memory_total_bytes";
constexpr const char* kNotAllValid = "not all rounds behind it are valid: see below";

double choose_band(const std::string& metric, const CompareOptions& options) {
  constexpr double kPreset = 0.05;
  static const std::map<std::string, double> kPresets{
      {"response_p50_ns", 0.10}, {"response_p99_ns", 0.10}, {"response_p999_ns", 0.20}};
  const auto preset = kPresets.find(split_metric_name(metric).metric);
  return find_band(metric, options.bands, preset != kPresets.end() ? preset->second : kPreset);
}

bool contains(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

// One comparison of the runs of two sides. It refers to their documents.
class RunComparison {
 public:
  RunComparison(const std::vector<Json>& base, const std::vector<Json>& now, const CompareOptions& options,
                const DriftTable& drift)
      : options_(options),
        drift_(drift),
        base_("base", base),
        now_("new", now),
        unit_(choose_unit(base.size(), now.size())) {}

  void compare_cells();
  void compare_slopes();
  Judgement finish(Judgement judgement);

 private:
  bool is_usable(const std::string& id);
  bool add_round_notes(const std::string& id);
  void compare_cell(const Json& cell);
  bool check_gaps(const std::string& cell, const std::string& metric, const Sample& base, const Sample& now);
  Drift find_drift(const std::string& metric, const Json& cell) const;
  void compare_absolute(MetricVerdict named, const Json& cell, const Sample& base, const Sample& now);
  void compare_relative(MetricVerdict named, const Json& cell);
  std::optional<RatioEstimate> find_control(const std::string& cell, const std::string& metric) const;
  void add_fault(const std::string& cell, const std::string& status, const std::string& reason);

  const CompareOptions& options_;
  const DriftTable& drift_;
  RunsOfSide base_;
  RunsOfSide now_;
  Unit unit_;
  std::vector<TestedMetric> tested_;
  std::vector<CellFault> faults_;
  std::vector<std::string> notes_;
  std::vector<std::string> marked_;  // cells whose rounds are not all valid
};

void RunComparison::add_fault(const std::string& cell, const std::string& status, const std::string& reason) {
  const bool known = std::any_of(faults_.begin(), faults_.end(), [&](const auto& fault) { return fault.cell == cell; });
  if (!known) {
    faults_.push_back({cell, status, reason});
  }
}

// Whether both sides measured a cell. Records a fault if new does less than base, and a note if base does not.
bool RunComparison::is_usable(const std::string& id) {
  const CellState before = find_state(base_, id);
  const CellState after = find_state(now_, id);
  if (before.measured == 0) {
    notes_.push_back(fmt::format("{}: {} in base: {}", id, before.status, before.reason));
    return false;
  }
  if (after.measured == 0 || (after.others > 0 && before.others == 0)) {
    add_fault(id, after.status, after.reason);
  }
  for (const auto& [side, state] : {std::pair{"base", &before}, {"new", &after}}) {
    if (state->measured > 0 && state->others > 0) {
      notes_.push_back(fmt::format("{}: not measured in {} of {}: {}: {}", id,
                                   os::part_of(state->others, state->others + state->measured, "run"), side,
                                   state->status, state->reason));
    }
  }
  return after.measured > 0;
}

// Says what is the matter with the rounds of a cell, one line for each run that has something.
bool RunComparison::add_round_notes(const std::string& id) {
  const std::size_t before = notes_.size();
  for (const RunsOfSide* side : {&base_, &now_}) {
    for (std::size_t i = 0; i < side->runs.size(); ++i) {
      const StoredRun& run = side->runs[i];
      const auto rounds = run.rounds.find(id);
      const auto repetitions = run.document->at("suite").at("repetitions").get<std::size_t>();
      const std::string note = rounds == run.rounds.end() ? "" : cell_note(rounds->second, repetitions);
      if (!note.empty()) {
        const std::string which = side->runs.size() == 1 ? "" : fmt::format(", run {}", i + 1);
        notes_.push_back(fmt::format("{} in {}{}: {}", id, side->name, which, note));
      }
    }
  }
  return notes_.size() > before;
}

// Whether both sides have values. A metric that base has, and new lacks because nothing came back, is a fault.
bool RunComparison::check_gaps(const std::string& cell, const std::string& metric, const Sample& base,
                               const Sample& now) {
  const bool is_silent = metric == kThroughput && now.zeros > 0 && base.zeros == 0;
  if (is_silent || (now.uncompleted > 0 && base.uncompleted == 0)) {
    add_fault(cell, is_silent ? "zero" : "failed", fmt::format("{}: {}", metric, describe_gap(now)));
  }
  for (const auto& [side, sample] : {std::pair{"base", &base}, {"new", &now}}) {
    if (sample->logs.empty()) {
      notes_.push_back(fmt::format("{}: {} of {}: {}", cell, metric, side, describe_gap(*sample)));
      return false;
    }
  }
  return true;
}

// What the A/A control of a cell shows: the pairs of all runs.
std::optional<RatioEstimate> RunComparison::find_control(const std::string& cell, const std::string& metric) const {
  std::vector<double> logs;
  for (const RunsOfSide* side : {&base_, &now_}) {
    for (const std::vector<double>& run : take_ratios(*side, cell + "/aa", cell, metric)) {
      logs.insert(logs.end(), run.begin(), run.end());
    }
  }
  return logs.empty() ? std::nullopt : to_ratio(statistics::signed_rank_shift(logs, statistics::kConfidenceLevel));
}

Drift RunComparison::find_drift(const std::string& metric, const Json& cell) const {
  return drift_.find(metric, is_interleaved(*base_.runs.front().document, cell.at("experiment").get<std::string>()));
}

void RunComparison::compare_absolute(MetricVerdict named, const Json& cell, const Sample& base, const Sample& now) {
  named.control = find_control(named.cell, named.metric);
  if (named.control) {
    const Verdict judged = judge_ratio(named.control->interval, named.band, named.higher_is_better);
    named.control_failed = judged == Verdict::kBetter || judged == Verdict::kWorse;
  }
  const double drift = find_drift(named.metric, cell).of_value;
  tested_.push_back(test_evidence(std::move(named), {base.logs, now.logs}, unit_, drift));
}

// The cell's ratios to the baseline server, whose rounds share the state of the machine with its own.
void RunComparison::compare_relative(MetricVerdict named, const Json& cell) {
  const auto experiment = cell.at("experiment").get<std::string>();
  const std::string baseline = find_baseline(*base_.runs.front().document, experiment);
  if (baseline.empty() || cell.at("server") == baseline) {
    return;
  }
  const std::string other = fmt::format("{}/{}/{}", experiment, baseline, cell.at("value").dump());
  const Evidence evidence{take_ratios(base_, named.cell, other, named.metric),
                          take_ratios(now_, named.cell, other, named.metric)};
  if (evidence.base.empty() || evidence.now.empty()) {
    return;
  }
  named.cell += fmt::format(" (to {})", baseline);
  named.unit = "1";
  named.add_reason(fmt::format("a change that {} shares cancels out", baseline));
  const double drift = find_drift(named.metric, cell).of_ratio;
  tested_.push_back(test_evidence(std::move(named), evidence, unit_, drift));
}

void RunComparison::compare_cell(const Json& cell) {
  const auto id = cell.at("id").get<std::string>();
  if (!is_usable(id)) {
    return;
  }
  const bool is_marked = add_round_notes(id);
  if (is_marked) {
    marked_.push_back(id);
  }
  const auto run =
      std::find_if(base_.runs.begin(), base_.runs.end(), [&](const auto& r) { return r.has_measured(id); });
  const std::vector<std::string> chosen = options_.metrics.empty() ? run->find_subjects(id) : options_.metrics;
  if (!contains(chosen, kThroughput)) {
    check_gaps(id, kThroughput, take_sample(base_, id, kThroughput), take_sample(now_, id, kThroughput));
  }
  for (const std::string& name : chosen) {
    const Metric& metric = find_metric_of_user(name);
    if (name == kMemory && cell.value("parameter", "") == "idle_connections") {
      continue;  // compare_slopes()
    }
    const Sample base = take_sample(base_, id, name);
    const Sample now = take_sample(now_, id, name);
    if (!check_gaps(id, name, base, now)) {
      continue;
    }
    const MetricVerdict named{.cell = id,
                              .metric = name,
                              .unit = metric.unit,
                              .higher_is_better = metric.higher_is_better,
                              .band = choose_band(name, options_),
                              .reason = is_marked ? kNotAllValid : ""};
    compare_absolute(named, cell, base, now);
    compare_relative(named, cell);
  }
}

void RunComparison::compare_cells() {
  for (const RunsOfSide* side : {&base_, &now_}) {
    if (const std::string note = describe_busy_rounds(*side); !note.empty()) {
      notes_.push_back(note);
    }
  }
  std::vector<std::string> seen;
  for (const StoredRun& run : base_.runs) {
    for (const Json& cell : run.document->at("cells")) {
      const auto id = cell.at("id").get<std::string>();
      if (cell.at("role") != "aa" && std::find(seen.begin(), seen.end(), id) == seen.end()) {
        seen.push_back(id);
        compare_cell(cell);
      }
    }
  }
  for (const StoredRun& run : now_.runs) {
    for (const Json& cell : run.document->at("cells")) {
      const auto id = cell.at("id").get<std::string>();
      if (cell.at("role") != "aa" && std::find(seen.begin(), seen.end(), id) == seen.end()) {
        seen.push_back(id);
        notes_.push_back(id + ": only in new");
      }
    }
  }
}

void RunComparison::compare_slopes() {
  if (!options_.metrics.empty() && !contains(options_.metrics, kMemory)) {
    return;
  }
  for (const auto& group : sloped_cells(base_.runs.front().document->at("cells"))) {
    const std::string name = name_group(group);
    const std::vector<Json> values = measured_values(group);
    const SlopeSample base = take_slopes(base_, name, values, kMemory);
    const SlopeSample now = take_slopes(now_, name, values, kMemory);
    if (values.size() < 2 || !now.has_group) {
      continue;  // the cells themselves are named already
    }
    if (base.logs.empty() || now.logs.empty()) {
      notes_.push_back(name + ": memory per idle connection: no slope above zero in every block");
      continue;
    }
    const bool is_marked = std::any_of(marked_.begin(), marked_.end(),
                                       [&](const std::string& cell) { return cell.starts_with(name + "/"); });
    tested_.push_back(test_evidence({.cell = name + " (per idle connection)",
                                     .metric = kMemory,
                                     .unit = find_metric(kMemory).unit,
                                     .band = choose_band(kMemory, options_),
                                     .reason = is_marked ? kNotAllValid : ""},
                                    {base.logs, now.logs}, unit_, drift_.find(kMemory, false).of_value));
  }
}

Judgement RunComparison::finish(Judgement judgement) {
  judgement.procedure = {.method = describe_method(unit_, tested_, drift_.source()),
                         .error_rate = kFalseDiscoveryRate,
                         .looks = {},
                         .false_alarms = describe_false_discoveries(unit_)};
  judgement.metrics = correct_for_number(std::move(tested_));
  judgement.faults = std::move(faults_);
  judgement.notes = std::move(notes_);
  return judgement;
}

void add_new(std::vector<std::string>& texts, const std::vector<std::string>& more) {
  for (const std::string& text : more) {
    if (!contains(texts, text)) {
      texts.push_back(text);
    }
  }
}

}  // namespace

Judgement compare_runs(const std::vector<Json>& base, const std::vector<Json>& now, const CompareOptions& options,
                       const DriftTable& drift) {
  Judgement judgement{.kind = "compare",
                      .base = fmt::format("{}", fmt::join(options.base, ", ")),
                      .now = fmt::format("{}", fmt::join(options.now, ", ")),
                      .strict = options.strict};
  choose_band(kThroughput, options);  // throws for a malformed band
  for (const std::string& metric : options.metrics) {
    find_metric_of_user(metric);
  }
  for (const std::vector<Json>* side : {&base, &now}) {
    for (const Json& run : *side) {
      if (&run != &base.front()) {
        add_new(judgement.obstacles, obstacles(base.front(), run, options));
        add_new(judgement.differences, environment_differences(base.front(), run));
      }
    }
  }
  RunComparison comparison(base, now, options, drift);
  if (judgement.obstacles.empty()) {
    comparison.compare_cells();
    comparison.compare_slopes();
  }
  return comparison.finish(std::move(judgement));
}

}  // namespace fanin::harness
