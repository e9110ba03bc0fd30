// What is simulated of `fanin ab`.
#include <fmt/format.h>

#include <cmath>

#include "harness/selftest/procedures.h"
#include "harness/selftest/simulated_session.h"

namespace fanin::harness {
namespace {

using namespace std::chrono_literals;
using statistics::Decision;

constexpr double kStatedErrorRate = 0.01;

SimulatedProcedure count_alarms(std::string where, const SessionSetting& setting) {
  return {.name = "fanin ab",
          .setting = std::move(where),
          .figure = SimulatedFigure::kFalseAlarms,
          .stated = kStatedErrorRate,
          .trial = [setting](const SeriesKind& kind, Random& random) {
            const Decision decision = simulate_session(kind, setting, random).decision;
            return decision == Decision::kAbove || decision == Decision::kBelow;
          }};
}

SimulatedProcedure count_coverage(std::string where, const SessionSetting& setting) {
  return {.name = "repeated intervals",
          .setting = std::move(where),
          .figure = SimulatedFigure::kCoverage,
          .stated = 1 - kStatedErrorRate,
          .trial = [setting](const SeriesKind& kind, Random& random) {
            return simulate_session(kind, setting, random).covers;
          }};
}

SimulatedProcedure count_found(std::string where, const SessionSetting& setting) {
  return {.name = "fanin ab",
          .setting = std::move(where),
          .figure = SimulatedFigure::kPower,
          .trials = 1'000,
          .trial = [setting](const SeriesKind& kind, Random& random) {
            const SessionOutcome outcome = simulate_session(kind, setting, random);
            return outcome.decision == Decision::kAbove && !outcome.control_failed;
          }};
}

}  // namespace

std::vector<SimulatedProcedure> session_procedures() {
  const auto effect = [](double share) { return std::log1p(share); };
  return {
      count_alarms("60 s, no band", {.budget = 60s}),
      count_alarms("180 s, no band", {.budget = 180s}),
      count_alarms("60 s, band 1 %", {.budget = 60s, .band = 0.01}),
      count_alarms("60 s or less, no band", {.budget = 60s, .ends_early = true}),
      count_alarms("60 s in rounds, no band", {.budget = 60s, .interleaved = false}),
      count_found("+1 %, 180 s, band 0.5 %", {.budget = 180s, .log_effect = effect(0.01), .band = 0.005}),
      count_found("+2 %, 60 s, band 1 %", {.budget = 60s, .log_effect = effect(0.02), .band = 0.01}),
      count_found("+5 %, 60 s, band 2 %", {.budget = 60s, .log_effect = effect(0.05), .band = 0.02}),
      count_found("+5 %, 60 s in rounds, band 2 %",
                  {.budget = 60s, .interleaved = false, .log_effect = effect(0.05), .band = 0.02}),
      count_coverage("60 s", {.budget = 60s}),
      count_coverage("180 s", {.budget = 180s}),
      count_coverage("60 s in rounds", {.budget = 60s, .interleaved = false}),
  };
}

}  // namespace fanin::harness
