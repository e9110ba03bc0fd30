#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "loadgen/experiments/experiment.h"
#include "loadgen/experiments/slice_comparison.h"

namespace fanin::load {

// What targets that took turns came to: an outcome for each, and each but the first beside the first.
struct SlicesResult {
  std::vector<Outcome> outcomes;
  std::vector<SliceComparison> comparisons;
};

SlicesResult compare_slices(std::vector<Outcome> outcomes);
// Whether each comparison has a ratio.
bool compares(const SlicesResult& result);

// Requests per second over what counts of its slices; nothing where it had none.
std::optional<double> slice_rate(const LoadResult& result);

std::string slices_text(const SlicesResult& result);

// As docs/contracts.md and results/schema/load-interleaving.schema.json have it.
nlohmann::ordered_json slices_json(const SlicesResult& result);

}  // namespace fanin::load
