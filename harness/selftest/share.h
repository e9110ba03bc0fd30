#pragma once

#include <cstdint>

#include "harness/json/json_reader.h"
#include "statistics/inference.h"

namespace fanin::harness {

inline constexpr double kShareLevel = 0.95;  // of the bounds of shares

// `count` of `of`, which is at least 1, with its Clopper-Pearson interval.
inline Json share_to_json(std::int64_t count, std::int64_t of) {
  const statistics::Interval bounds = statistics::clopper_pearson(count, of, kShareLevel);
  return {{"count", count}, {"of", of}, {"low", bounds.low}, {"high", bounds.high}};
}

}  // namespace fanin::harness
