#include "harness/selftest/loop_cost.h"

#include <cmath>
#include <stdexcept>

#include "statistics/statistics.h"

namespace fanin::harness {

std::uint64_t LoopCost::loops_for(double more_cpu) const {
  const double share =
      cpu.empty() ? 0 : std::expm1(statistics::signed_rank_shift(cpu, statistics::kConfidenceLevel).estimate);
  if (share <= 0) {
    throw std::runtime_error("more loops cost no more CPU time: the machine is too busy");
  }
  return static_cast<std::uint64_t>(std::llround(more_cpu / share * static_cast<double>(loops)));
}

std::optional<RatioEstimate> LoopCost::expect(std::string_view metric, std::uint64_t added) const {
  const bool is_rate = metric == "throughput_per_s";
  std::vector<double> logs = is_rate ? throughput : cpu;
  if (logs.empty()) {
    return std::nullopt;
  }
  for (double& each : logs) {
    each = is_rate ? -each : each;  // of the time per request
  }
  const double part = static_cast<double>(added) / static_cast<double>(loops);
  const auto scale = [&](double log_ratio) {
    const double time = 1 + part * std::expm1(log_ratio);
    return is_rate ? 1 / time : time;
  };
  const statistics::Shift shift = statistics::signed_rank_shift(logs, statistics::kConfidenceLevel);
  RatioEstimate expected{scale(shift.estimate), std::nullopt};
  if (shift.interval) {
    const double ends[] = {scale(shift.interval->low), scale(shift.interval->high)};
    expected.interval =
        statistics::Interval{std::min(ends[0], ends[1]), std::max(ends[0], ends[1]), shift.interval->coverage};
  }
  return expected;
}

}  // namespace fanin::harness
