#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/verdict/verdict.h"

namespace fanin::harness {

// What loops cost a server, from pilot units: the log ratios of a server with `loops` more to one without. A value.
struct LoopCost {
  std::uint64_t loops = 0;
  std::vector<double> cpu;         // of CPU time per request
  std::vector<double> throughput;  // of replies per second

  // The loops that add this share of CPU time per request. Throws std::runtime_error if the pilot shows no cost.
  std::uint64_t loops_for(double more_cpu) const;
  // The ratio of a metric that `added` loops are expected to give, with a 95 % interval for the pilot's error: the time
  // per request is linear in the loops. Nothing if the pilot has no values of the metric.
  std::optional<RatioEstimate> expect(std::string_view metric, std::uint64_t added) const;
};

}  // namespace fanin::harness
