#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/json/json_reader.h"
#include "harness/selftest/machine_model.h"

namespace fanin::harness {

// What the share of successful trials is.
enum class SimulatedFigure {
  kCoverage,     // intervals that include the truth; stated: at least
  kFalseAlarms,  // a difference is claimed where there is none; stated: at most
  kPower,        // an effect is found; stated: at least, or nothing
};

std::string_view figure_name(SimulatedFigure figure);

// A procedure whose error rate is simulated: a function of statistics/, or `fanin ab`.
struct SimulatedProcedure {
  std::string name;
  std::string setting;  // sizes and order of the samples
  SimulatedFigure figure = SimulatedFigure::kCoverage;
  std::optional<double> stated;  // the level that it states
  int trials = 2'000;            // of each kind of series
  std::function<bool(const SeriesKind&, Random&)> trial;
  std::span<const SeriesKind> kinds = kSeriesKinds;
};

// `fanin ab`: false alarms, coverage of repeated intervals, and the power of the scenarios of `fanin selftest`.
std::vector<SimulatedProcedure> session_procedures();
// The intervals and tests of statistics/.
std::vector<SimulatedProcedure> interval_procedures();

// The key `simulation` of selftest.json. The same seed gives the same document. Takes less than a minute of CPU time.
Json simulate(const std::vector<SimulatedProcedure>& procedures, std::uint64_t seed);

// A line for each procedure, of `simulation`: the range of its shares, and the kinds of series in which it fails.
std::string describe_simulation(const Json& simulation);

}  // namespace fanin::harness
