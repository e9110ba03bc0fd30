#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "statistics/statistics.h"

namespace fanin::statistics {

// What an interval of a log ratio says about a band around 0, or another centre.
enum class Decision { kAbove, kBelow, kWithin, kUndecided };

// A comparison that looks at its data several times while they grow, and may stop at each look. Repeated confidence
// intervals (Jennison and Turnbull 1989): each look has the level 1 - error_rate / looks, so that all intervals of a
// session cover the truth together with probability 1 - error_rate (Bonferroni). Any stopping rule is valid then, also
// a budget that ends early.
struct SequentialPlan {
  std::vector<std::size_t> looks;  // numbers of units, ascending
  double error_rate = 0.01;        // of a whole session

  double level() const { return 1 - error_rate / static_cast<double>(looks.size()); }
};

// Looks from the fewest units whose signed-rank interval reaches the level up to `max_units`, each about 1.35 times the
// one before. One look at `max_units` if there are too few units for any interval.
SequentialPlan plan_looks(std::size_t max_units, double error_rate);

// The values that do not matter: those at most `half_width` from `centre`, which is a threshold if half_width is 0.
struct Band {
  double half_width = 0;  // at least 0
  double centre = 0;
};

// kAbove or kBelow if the whole interval is beyond the band, kWithin if it is wholly within it.
Decision decide(const std::optional<Interval>& interval, const Band& band);

// The state of one comparison after some units: `differences` are their log ratios, or other values.
struct SequentialState {
  Shift shift;  // with the interval of the plan's level; none before the first look
  Decision decision = Decision::kUndecided;
  std::size_t units = 0;  // that the decision rests on: those of the look that made it
};

// Goes through the looks that `differences` reaches, in order, and stops at the first that decides. `complete`: no more
// units will come, so the last units count as a look too, in place of the next planned one.
SequentialState evaluate(const SequentialPlan& plan, const std::vector<double>& differences, const Band& band,
                         bool complete);

// The smallest log ratio that sessions of `units` units, at least 2, decide to be beyond the band in 9 of 10 cases, by
// the normal approximation. The estimate scatters with the half-width divided by its normal quantile, and half-widths
// scatter by 1 / sqrt(2 (units - 1)) of their size, that of `interval` and that of the session alike.
double smallest_effect(const Interval& interval, double level, double band, std::size_t units);

}  // namespace fanin::statistics
