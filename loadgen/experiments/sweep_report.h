#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "loadgen/experiments/experiment.h"
#include "loadgen/experiments/sweep.h"

namespace fanin::load {

// What became of one point: a run, or the reason why there is none.
struct SweptPoint {
  SweepPoint point;
  std::optional<Outcome> outcome;
  std::string reason;
};

struct SweepResult {
  WallTime started_at{};
  Sweep sweep;
  std::optional<Outcome> ceiling;  // of rate=auto
  std::vector<SweptPoint> points;
  bool interrupted = false;
};

// Rows of a table as the points are done, each with a newline.
std::string sweep_heading(const Sweep& sweep);
std::string sweep_row(const Sweep& sweep, const SweptPoint& point);

// As docs/contracts.md and results/schema/load-sweep.schema.json have it.
nlohmann::ordered_json sweep_json(const SweepResult& result);

}  // namespace fanin::load
