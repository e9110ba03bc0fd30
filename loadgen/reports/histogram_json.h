#pragma once

#include <nlohmann/json.hpp>

#include "loadgen/records/histogram.h"

namespace fanin::load {

// A histogram of a result: its percentiles, and the buckets that they can be computed from again.
nlohmann::ordered_json histogram_json(const Histogram& histogram);

}  // namespace fanin::load
