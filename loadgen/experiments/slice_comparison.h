#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "loadgen/experiments/experiment.h"
#include "loadgen/schedule/slices.h"
#include "statistics/statistics.h"

namespace fanin::load {

// A ratio, second to first, with its 95 % interval.
struct Ratio {
  double estimate = 1;
  std::optional<statistics::Interval> interval;  // none: too few blocks
};

// Two interleaved targets, the second compared with the first.
struct SliceComparison {
  std::size_t blocks = 0;   // a walk over all targets and back
  std::size_t skipped = 0;  // in which one of the two completed nothing
  std::string reason;       // why there are no ratios; empty: there are
  std::optional<Ratio> throughput;
  std::optional<Ratio> cpu_per_request;  // of the servers; none without their clocks
};

// Takes slices of two targets, each in ascending order, interleaved by the same plan. A block is the slices of one
// walk forth and back over all targets; the difference of the two within it is the mean of the log ratios of both
// walks, in which a drift that is linear cancels out. Over the blocks: Hodges-Lehmann with the signed-rank interval.
SliceComparison compare_slices(const std::vector<Slice>& first, const std::vector<Slice>& second, unsigned targets);

// Interleaved targets: an outcome for each, and the comparison of each with the first.
struct SlicesResult {
  std::vector<Outcome> outcomes;
  std::vector<SliceComparison> comparisons;
};

SlicesResult compare_slices(std::vector<Outcome> outcomes);
// Whether each comparison has a ratio.
bool compares(const SlicesResult& result);

// Requests per second over the counted time of its slices; nullopt without slices.
std::optional<double> slice_rate(const LoadResult& result);

std::string slices_text(const SlicesResult& result);

// As docs/contracts.md and results/schema/load-interleaving.schema.json have it.
nlohmann::ordered_json slices_json(const SlicesResult& result);

}  // namespace fanin::load
