#include "loadgen/experiments/slice_comparison.h"

#include <array>
#include <cmath>
#include <map>

#include "loadgen/records/clock.h"

namespace fanin::load {
namespace {

constexpr double kConfidenceLevel = 0.95;

// The slices of one block: forth and back, of the first and of the second target.
using Block = std::array<std::array<const Slice*, 2>, 2>;

double rate(const Slice& slice) {
  return static_cast<double>(slice.completed) / net::to_seconds(slice.end - slice.begin);
}

double cpu_per_request(const Slice& slice) {
  return net::to_seconds(*slice.server_cpu) / static_cast<double>(slice.answered);
}

std::optional<Ratio> estimate_ratio(const std::vector<double>& log_ratios) {
  if (log_ratios.empty()) {
    return std::nullopt;
  }
  const statistics::Shift shift = statistics::signed_rank_shift(log_ratios, kConfidenceLevel);
  Ratio ratio{std::exp(shift.estimate), std::nullopt};
  if (shift.interval) {
    ratio.interval =
        statistics::Interval{std::exp(shift.interval->low), std::exp(shift.interval->high), shift.interval->coverage};
  }
  return ratio;
}

template <typename Figure>
double log_ratio(const Block& block, Figure figure) {
  double sum = 0;
  for (const auto& [first, second] : block) {
    sum += std::log(figure(*second) / figure(*first));
  }
  return sum / 2;
}

template <typename Condition>
bool holds_for_all(const Block& block, Condition condition) {
  for (const auto& walk : block) {
    for (const Slice* slice : walk) {
      if (slice == nullptr || !condition(*slice)) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace

SliceComparison compare_slices(const std::vector<Slice>& first, const std::vector<Slice>& second, unsigned targets) {
  std::map<std::uint64_t, Block> blocks;
  for (const auto* slices : {&first, &second}) {
    for (const Slice& slice : *slices) {
      const std::uint64_t walk = slice.number / targets;
      blocks[walk / 2][walk % 2][slices == &first ? 0 : 1] = &slice;
    }
  }
  SliceComparison comparison;
  std::vector<double> throughput;
  std::vector<double> cpu;
  for (const auto& [number, block] : blocks) {
    if (!holds_for_all(block, [](const Slice&) { return true; })) {
      continue;  // cut off by the borders of the window
    }
    ++comparison.blocks;
    if (!holds_for_all(block, [](const Slice& slice) { return slice.completed > 0; })) {
      ++comparison.skipped;
      continue;
    }
    throughput.push_back(log_ratio(block, rate));
    if (holds_for_all(block,
                      [](const Slice& slice) { return slice.server_cpu.value_or(Nanoseconds(0)) > Nanoseconds(0); })) {
      cpu.push_back(log_ratio(block, cpu_per_request));
    }
  }
  comparison.throughput = estimate_ratio(throughput);
  if (!comparison.throughput) {
    comparison.reason =
        comparison.blocks > 0
            ? "in no block did both targets complete a request in every slice: give a longer --interleave"
            : "the window holds no complete block: give a longer --duration";
  }
  comparison.cpu_per_request = estimate_ratio(cpu);
  return comparison;
}

}  // namespace fanin::load
