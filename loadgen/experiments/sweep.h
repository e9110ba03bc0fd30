#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loadgen/plan/options.h"

namespace fanin::load {

// One point of a sweep: the value as it was written, as a number in the unit of its key, and the options of its run.
struct SweepPoint {
  std::string text;
  double value = 0;
  LoadOptions options;
};

// A parameter that runs differ in.
struct Sweep {
  std::string key;               // as the option is called
  std::string unit;              // of the values: 1/s, bytes, ns, or 1 for numbers
  bool automatic_rates = false;  // rate=auto: `points` follow from a closed-loop run
  std::vector<SweepPoint> points;
};

// Reads `KEY=V1,V2,...` or `rate=auto` (options.sweep) and checks every point by making its plan. Throws
// std::invalid_argument.
Sweep parse_sweep(const LoadOptions& options);

// The rates of rate=auto, from the ceiling: eight from a tenth of it to 95 %, where the curve bends, and one beyond.
std::vector<SweepPoint> rates_up_to(double ceiling_per_s, const LoadOptions& options);

}  // namespace fanin::load
