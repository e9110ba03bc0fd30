#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "loadgen/experiments/objective.h"
#include "loadgen/experiments/rate_search.h"

namespace fanin::load {

struct RateSearchResult {
  WallTime started_at{};
  Objective objective;
  double precision = 0;
  bool interrupted = false;
  std::string reason;  // why the search ended before it was done; empty where it was done, or interrupted
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

}  // namespace fanin::load
