#pragma once

#include <cstddef>
#include <vector>

#include "harness/selftest/machine_model.h"
#include "net/clock.h"
#include "statistics/sequential.h"

namespace fanin::harness {

// Standard deviation of a unit's log ratio, that of the noisiest model measured on a quiet machine: 0.76 %.
inline constexpr double kUnitDeviation = 0.008;
// Standard deviation of the logarithm of a round's value.
inline constexpr double kRoundDeviation = 0.05;
// d of the drifting series: logarithm of the machine's speed.
inline constexpr double kMachineDrift = 0.1;

// What a simulated session of `fanin ab` is about.
struct SessionSetting {
  net::Nanoseconds budget{};
  bool interleaved = true;  // else the arms of a unit have their rounds one after the other, in random order
  bool ends_early = false;  // the budget ends after a number of units that is drawn
  double log_effect = 0;    // of new
  double band = 0;          // a share
};

// The log ratios of the units of a session.
struct SimulatedUnits {
  std::vector<double> ratios;    // new to base
  std::vector<double> controls;  // the second copy of base to base
};

// The drift goes on within a unit: each arm has the mean of the machine's speed in its slices, four mirrored blocks of
// them in a unit, or in its third of the unit.
SimulatedUnits draw_units(const SeriesKind& kind, bool interleaved, std::size_t count, double log_effect,
                          Random& random);

// How a session ended.
struct SessionOutcome {
  statistics::Decision decision = statistics::Decision::kUndecided;
  bool control_failed = false;  // the session is void
  bool covers = false;          // the intervals of all its looks include the effect
};

SessionOutcome simulate_session(const SeriesKind& kind, const SessionSetting& setting, Random& random);

}  // namespace fanin::harness
