#include "statistics/sequential.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

namespace fanin::statistics {
namespace {

// The fewest differences whose signed-rank interval, from the smallest to the largest, reaches the level.
std::size_t fewest_units(double level) { return static_cast<std::size_t>(std::ceil(1 - std::log2(1 - level))); }

std::vector<std::size_t> looks_from(std::size_t first, std::size_t last) {
  constexpr double kGrowth = 1.35;
  std::vector<std::size_t> looks{last};
  for (auto next = static_cast<double>(last) / kGrowth; next >= static_cast<double>(first); next /= kGrowth) {
    looks.push_back(static_cast<std::size_t>(next));
  }
  std::reverse(looks.begin(), looks.end());
  return looks;
}

}  // namespace

SequentialPlan plan_looks(std::size_t max_units, double error_rate) {
  SequentialPlan plan{{max_units}, error_rate};
  // More looks need a higher level, and that needs a later first look.
  for (std::size_t first = max_units; first > 0; --first) {
    SequentialPlan more{looks_from(first, max_units), error_rate};
    if (fewest_units(more.level()) > more.looks.front()) {
      break;
    }
    plan = std::move(more);
  }
  return plan;
}

Decision decide(const std::optional<Interval>& interval, const Band& band) {
  if (!interval) {
    return Decision::kUndecided;
  }
  const double top = band.centre + band.half_width;
  const double bottom = band.centre - band.half_width;
  if (interval->low > top) {
    return Decision::kAbove;
  }
  if (interval->high < bottom) {
    return Decision::kBelow;
  }
  return interval->low >= bottom && interval->high <= top ? Decision::kWithin : Decision::kUndecided;
}

SequentialState evaluate(const SequentialPlan& plan, const std::vector<double>& differences, const Band& band,
                         bool complete) {
  std::vector<std::size_t> looks;
  std::copy_if(plan.looks.begin(), plan.looks.end(), std::back_inserter(looks),
               [&](std::size_t look) { return look <= differences.size(); });
  const bool has_more = looks.empty() || looks.back() < differences.size();
  if (complete && has_more && looks.size() < plan.looks.size() && !differences.empty()) {
    looks.push_back(differences.size());
  }
  SequentialState state;
  for (const std::size_t look : looks) {
    state.units = look;
    state.shift = signed_rank_shift(
        std::vector<double>(differences.begin(), differences.begin() + static_cast<std::ptrdiff_t>(look)),
        plan.level());
    state.decision = decide(state.shift.interval, band);
    if (state.decision != Decision::kUndecided) {
      break;
    }
  }
  return state;
}

// An effect of band + (1 + k) h with the half-width h is found if the estimate exceeds band + h', where h' is the
// half-width of the session. The distance k h must be 1.28 standard deviations of estimate - h' + (1 + k) h.
double smallest_effect(const Interval& interval, double level, double band, std::size_t units) {
  const boost::math::normal normal;
  const double quantile = boost::math::quantile(normal, 0.9);
  const double estimate = quantile / boost::math::quantile(normal, (1 + level) / 2);
  const double width = quantile * quantile / (2 * static_cast<double>(units - 1));
  const double k = (width + std::sqrt(width * width + (1 - width) * (estimate * estimate + 2 * width))) / (1 - width);
  return band + (interval.high - interval.low) / 2 * (1 + k);
}

}  // namespace fanin::statistics
