#pragma once

#include <functional>
#include <optional>
#include <string>

#include "harness/ab/session.h"
#include "harness/rounds/round.h"
#include "harness/selftest/loop_cost.h"
#include "harness/selftest/session_records.h"

namespace fanin::harness {

// Measures sessions of one server model with known effects.
class SessionSource {
 public:
  SessionSource(const RoundContext& context, std::string model) : context_(context), model_(std::move(model)) {}

  // A short comparison of the server with loops to one with a tenth more, whose units join those of earlier ones.
  // Throws Interrupted; std::runtime_error if it gives nothing.
  void measure_loops();
  // One session, as selftest.json keeps it. Needs measure_loops() before. Throws Interrupted; std::runtime_error if the
  // loops have no measurable cost.
  Json hold(const Scenario& scenario) const;

 private:
  const RoundContext& context_;
  std::string model_;
  LoopCost cost_;
};

}  // namespace fanin::harness
