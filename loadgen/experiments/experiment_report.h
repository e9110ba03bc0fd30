#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "loadgen/experiments/experiment.h"
#include "loadgen/experiments/rate_search.h"

namespace fanin::load {

// A run as the end of a row of a table of runs: throughput, percentiles of the response time, verdict with the codes of
// its reasons. Latencies of an invalid run are in brackets. No newline.
std::string outcome_heading();
std::string outcome_row(const Outcome& outcome);

// Explains the codes in the rows of such a table, each once; empty where there are none.
std::string outcome_notes(const std::vector<const Outcome*>& outcomes);

struct RateSearchResult {
  WallTime started_at{};
  Objective objective;
  double precision = 0;
  bool interrupted = false;
  std::string reason;  // why the search ended early; empty: it did not
  std::optional<Outcome> ceiling;
  RateFound found;
  std::vector<Outcome> runs;  // of found.probes, one each
};

// Rows of a table as the probes are done, each with a newline, and the lines at the end.
std::string probe_heading();
std::string probe_row(const Probe& probe, const Outcome& outcome);
std::string rate_search_text(const RateSearchResult& result);

// As docs/contracts.md and results/schema/load-search.schema.json have it.
nlohmann::ordered_json rate_search_json(const RateSearchResult& result);

// One point of a sweep: a run, or the reason for having none.
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
