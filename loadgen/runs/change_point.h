#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "net/clock.h"

namespace fanin::load {

// The significance of a change of level anywhere in the series (Pettitt: "A non-parametric approach to the change-point
// problem", Applied Statistics 28, 1979): K is the largest |U_t|, U_t being the sum over i <= t < j of sgn(x_i - x_j),
// and p is about 2 exp(-6 K^2 / (n^3 + n^2)). It uses ranks, so the height of a spike does not matter. 1 for fewer than
// two values.
double pettitt_p(std::span<const double> series);

// Decides from the counts of completed requests, sampled every kInterval, when the throughput is steady: no change
// point in the last second. Ten intervals are too few: their K is at most 25, and 27 is significant.
class WarmupWatch {
 public:
  static constexpr Nanoseconds kInterval = std::chrono::milliseconds(50);
  static constexpr std::size_t kIntervals = 20;
  static constexpr double kSignificant = 0.05;

  // `completed` counts since the traffic began. Returns whether the throughput is steady; silence is not steady.
  bool add(std::uint64_t completed);

 private:
  std::uint64_t last_ = 0;
  std::vector<double> series_;  // of the last kIntervals
};

}  // namespace fanin::load
