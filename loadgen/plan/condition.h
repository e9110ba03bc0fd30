#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loadgen/records/histogram.h"

namespace fanin::load {

// A bound on a figure of a result, such as p99<2ms.
struct Condition {
  enum class Figure { kPercentile, kMax, kMean, kErrors, kRate };

  std::string text;  // as given
  Figure figure = Figure::kPercentile;
  Percentile percentile{};  // of kPercentile
  bool is_upper = true;     // < or <=
  bool included = false;    // <= or >=
  double bound = 0;         // in the figure's unit: ns, a share of the requests, requests per second

  bool holds(double value) const noexcept;
};

// "p99", "max", "errors".
std::string_view figure_name(const Condition& condition) noexcept;
// "ns", "share", "1/s".
std::string_view figure_unit(const Condition& condition) noexcept;

// Reads conditions that are joined by commas, such as "p99<2ms,errors<=0.1%,rate>50k". Errors begin with `option`.
// Throws std::invalid_argument, also for a bound that no result can meet.
std::vector<Condition> parse_conditions(std::string_view option, const std::string& text);

}  // namespace fanin::load
