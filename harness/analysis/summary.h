#pragma once

#include <string>
#include <vector>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// One figure of a round that a cell's summary is made of.
struct Metric {
  const char* name;  // as in results/README.md; its ending says the unit
  const char* unit;
};

const std::vector<Metric>& metrics();

// CPU time, or another amount of the window, per reply that came within it, by the generator's result `load`. A backlog
// that is answered after the window is in neither. Null where there is no amount, or no reply came.
Json per_reply_in_window(const Json& amount, const Json& load);

// The metric's value in a round; null where the round does not have it.
Json metric_of(const Json& round, const std::string& metric);

// One summary per metric over the cell's rounds with status "ok": the median and its interval. Where some of these
// rounds lack the value the median is null with a reason: the rounds that have it are not a fair sample of all (a p99
// that falls among uncompleted requests would be left out exactly where it is worst).
Json summarise_cell(const std::string& cell, const std::vector<const Json*>& rounds);

// The cell's status and reason from those of all its rounds: measured where most of them are ok.
struct CellVerdict {
  std::string status;
  std::string reason;  // empty where measured
};
CellVerdict judge_cell(const std::vector<const Json*>& rounds, int repetitions);

}  // namespace fanin::harness
