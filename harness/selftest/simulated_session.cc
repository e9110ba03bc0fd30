#include "harness/selftest/simulated_session.h"

#include <algorithm>
#include <array>
#include <boost/random/uniform_int_distribution.hpp>
#include <cmath>
#include <numbers>

#include "harness/ab/ab.h"

namespace fanin::harness {
namespace {

constexpr std::size_t kSimulatedArms = 3;  // base, new, control
constexpr std::size_t kBlocks = 4;         // of a unit; each drives all arms twice
constexpr std::size_t kSlots = 2 * kBlocks * kSimulatedArms;
constexpr double kSessionLevel = 0.01;  // of a session with one comparison

using Arms = std::array<double, kSimulatedArms>;

// The mean speed of each arm in mirrored blocks of slices. `speed` points to the unit's slots.
Arms drive_interleaved(const double* speed, Random& random) {
  Arms sums{};
  for (std::size_t block = 0; block < kBlocks; ++block) {
    const std::vector<std::size_t> order = draw_order(kSimulatedArms, random);
    for (const std::size_t arm : order) {
      sums[arm] += *speed++;
    }
    for (std::size_t i = kSimulatedArms; i-- > 0;) {
      sums[order[i]] += *speed++;
    }
  }
  std::for_each(sums.begin(), sums.end(), [](double& sum) { sum /= 2 * kBlocks; });
  return sums;
}

// The same in rounds one after the other.
Arms drive_in_rounds(const double* speed, Random& random) {
  constexpr std::size_t kLength = kSlots / kSimulatedArms;
  Arms means{};
  for (const std::size_t arm : draw_order(kSimulatedArms, random)) {
    for (std::size_t i = 0; i < kLength; ++i) {
      means[arm] += *speed++ / kLength;
    }
  }
  return means;
}

bool covers_always(const statistics::SequentialPlan& plan, const std::vector<double>& ratios, double truth) {
  return std::all_of(plan.looks.begin(), plan.looks.end(), [&](std::size_t look) {
    if (look > ratios.size()) {
      return true;
    }
    const auto end = ratios.begin() + static_cast<std::ptrdiff_t>(look);
    const auto interval = statistics::signed_rank_shift({ratios.begin(), end}, plan.level()).interval;
    return !interval || (interval->low <= truth && truth <= interval->high);
  });
}

}  // namespace

SimulatedUnits draw_units(const SeriesKind& kind, bool interleaved, std::size_t count, double log_effect,
                          Random& random) {
  const std::vector<double> speeds = draw_drift(kind.drift, count * kSlots, random);
  SimulatedUnits units;
  for (std::size_t unit = 0; unit < count; ++unit) {
    const double* const speed = &speeds[unit * kSlots];
    Arms arms = interleaved ? drive_interleaved(speed, random) : drive_in_rounds(speed, random);
    for (double& arm : arms) {
      arm = kMachineDrift * arm + kUnitDeviation / std::numbers::sqrt2 * draw_noise(kind.noise, random);
    }
    units.ratios.push_back(arms[1] - arms[0] + log_effect);
    units.controls.push_back(arms[2] - arms[0]);
  }
  return units;
}

SessionOutcome simulate_session(const SeriesKind& kind, const SessionSetting& setting, Random& random) {
  const std::size_t most = plan_session(setting.budget, 1).max_units;
  const statistics::SequentialPlan plan = statistics::plan_looks(most, kSessionLevel);
  const std::size_t count =
      setting.ends_early ? boost::random::uniform_int_distribution<std::size_t>(1, most)(random) : most;
  const SimulatedUnits units = draw_units(kind, setting.interleaved, count, setting.log_effect, random);
  const double band = std::log1p(setting.band);
  SessionOutcome outcome;
  const statistics::SequentialState state = statistics::evaluate(plan, units.ratios, {band}, true);
  outcome.decision = state.decision;
  // As fanin ab judges it: the control of the session's units has one interval.
  const auto control = statistics::decide(
      statistics::signed_rank_shift(
          {units.controls.begin(), units.controls.begin() + static_cast<std::ptrdiff_t>(state.units)}, plan.level())
          .interval,
      {band});
  outcome.control_failed = control == statistics::Decision::kAbove || control == statistics::Decision::kBelow;
  outcome.covers = covers_always(plan, units.ratios, setting.log_effect);
  return outcome;
}

}  // namespace fanin::harness
