#pragma once

#include <optional>
#include <string>
#include <vector>

#include "loadgen/schedule/slices.h"
#include "statistics/statistics.h"

namespace fanin::load {

// A ratio, second to first, with its 95 % interval.
struct Ratio {
  double estimate = 1;
  std::optional<Interval> interval;  // none: too few blocks
};

// Two targets that took turns, the second beside the first.
struct SliceComparison {
  std::size_t blocks = 0;   // A B B A each
  std::size_t skipped = 0;  // in which one of the two completed nothing
  std::string reason;       // why there are no ratios; empty: there are
  std::optional<Ratio> throughput;
  std::optional<Ratio> cpu_per_request;  // of the servers; none without their clocks
};

// Takes slices of two targets, each in ascending order, which took turns by the same plan. A block is the slices of one
// walk forth and back over all targets; the difference of the two within it is the mean of the log ratios of both
// walks, in which a drift that is linear cancels out. Over the blocks: Hodges-Lehmann with the signed-rank interval.
SliceComparison compare_slices(const std::vector<Slice>& first, const std::vector<Slice>& second, unsigned targets);

}  // namespace fanin::load
