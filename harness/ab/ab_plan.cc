// What a session of `fanin ab` decides without measuring.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "harness/ab/ab.h"
#include "harness/analysis/summary.h"
#include "harness/suite/workload_keys.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

constexpr double kDefaultBand = 0.02;
// Latency scatters more: a band below what its noise allows decides nothing.
const std::map<std::string, double> kDefaultBands{{"server_cpu_per_request_ns", 0.01},
                                                  {"response_p50_ns", 0.05},
                                                  {"response_p99_ns", 0.10},
                                                  {"response_p999_ns", 0.20}};

double choose_preset(const std::string& metric) {
  const auto preset = kDefaultBands.find(split_metric_name(metric).metric);
  return preset != kDefaultBands.end() ? preset->second : kDefaultBand;
}

std::vector<std::string> default_metrics(const Cell& cell) {
  if (asks_about_memory(cell)) {
    return {"memory_total_bytes"};
  }
  if (cell.workload.has_rate() || cell.workload.has_ramp()) {
    return {"server_cpu_per_request_ns", "response_p99_ns"};  // the rate is given
  }
  return {"throughput_per_s", "server_cpu_per_request_ns"};
}

}  // namespace

std::vector<TrackedMetric> choose_metrics(const Cell& cell, const AbOptions& options) {
  std::vector<TrackedMetric> tracked;
  for (const std::string& name : options.metrics.empty() ? default_metrics(cell) : options.metrics) {
    check_metric(name, cell.workload);
    tracked.push_back({name, find_band(name, options.bands, choose_preset(name))});
  }
  return tracked;
}

SessionPlan plan_session(net::Nanoseconds budget, std::size_t cells) {
  constexpr int kArms = 3;
  // Of a session of a minute. Half as many units of twice the length find the same effects, but later: the first look
  // needs at least 10 units.
  constexpr int kUnits = 48;
  constexpr int kMostUnits = 90;  // more add little: the interval shrinks with the square root
  constexpr net::Nanoseconds kOverhead = std::chrono::milliseconds(150);  // starting, connecting and stopping the arms
  constexpr net::Nanoseconds kLeast = std::chrono::milliseconds(600);
  constexpr net::Nanoseconds kMost = std::chrono::seconds(2);
  const net::Nanoseconds share = budget / static_cast<std::int64_t>(std::max<std::size_t>(cells, 1));
  const net::Nanoseconds unit = std::clamp(share / kUnits, kLeast, kMost);
  const net::Nanoseconds arm = (unit - kOverhead) / kArms;
  SessionPlan plan{.window = std::chrono::floor<std::chrono::milliseconds>(arm * 4 / 5),
                   .warmup = std::chrono::floor<std::chrono::milliseconds>(arm / 5)};
  plan.max_units = static_cast<std::size_t>(std::clamp<std::int64_t>(share / unit, 1, kMostUnits));
  return plan;
}

MetricTrack::MetricTrack(std::string cell, const TrackedMetric& metric, const statistics::SequentialPlan& plan)
    : cell_(std::move(cell)), metric_(metric), plan_(plan) {}

void MetricTrack::add(const UnitValues& values) {
  const auto is_positive = [](const std::optional<double>& value) { return value && *value > 0; };
  if (!is_positive(values.base) || !is_positive(values.now)) {
    return;
  }
  base_.push_back(*values.base);
  now_.push_back(*values.now);
  double both = std::log(*values.base);  // of base: the mean of its two copies has half the variance of one
  if (is_positive(values.control)) {
    controls_.push_back(std::log(*values.control / *values.base));
    both += controls_.back() / 2;
  }
  differences_.push_back(std::log(*values.now) - both);
}

void MetricTrack::add_value(double value) {
  now_.push_back(value);
  differences_.push_back(value);
}

statistics::SequentialState MetricTrack::state(bool complete) const {
  return statistics::evaluate(plan_, differences_, {std::log1p(metric_.band), metric_.centre}, complete);
}

double MetricTrack::smallest_effect(const statistics::SequentialState& state) const {
  return statistics::smallest_effect(*state.shift.interval, plan_.level(), std::log1p(metric_.band), state.units);
}

std::optional<statistics::Shift> MetricTrack::control() const {
  return controls_.empty() ? std::nullopt : std::optional(statistics::signed_rank_shift(controls_, plan_.level()));
}

MetricVerdict MetricTrack::verdict() const {
  const Metric& metric = find_metric(metric_.name);
  MetricVerdict verdict{.cell = cell_,
                        .metric = metric_.name,
                        .unit = metric.unit,
                        .higher_is_better = metric.higher_is_better,
                        .band = metric_.band,
                        .log_ratios = differences_,
                        .control_log_ratios = controls_};
  if (differences_.empty()) {
    verdict.reason = "no unit has this metric of both sides";
    return verdict;
  }
  verdict.base = statistics::median(base_);
  verdict.now = statistics::median(now_);
  const statistics::SequentialState last = state(true);
  verdict.units = last.units;
  verdict.ratio = to_ratio(last.shift);
  if (last.shift.interval) {
    verdict.smallest_effect = std::expm1(smallest_effect(last));
  } else {
    verdict.reason =
        fmt::format("{} are too few: give a longer --budget or fewer cells", os::plural(differences_.size(), "unit"));
  }
  verdict.verdict = judge_ratio(verdict.ratio->interval, metric_.band, metric.higher_is_better);
  if (const auto of_control = control()) {
    verdict.control = to_ratio(*of_control);
    const Verdict judged = judge_ratio(verdict.control->interval, metric_.band, metric.higher_is_better);
    verdict.control_failed = judged == Verdict::kBetter || judged == Verdict::kWorse;
  }
  return verdict;
}

}  // namespace fanin::harness
