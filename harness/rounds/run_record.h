#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/analysis/summary.h"
#include "harness/machine/machine.h"
#include "harness/rounds/programs.h"
#include "harness/suite/plan.h"
#include "harness/suite/suite.h"
#include "os/program.h"

namespace fanin::harness {

// Everything that goes into run.json. A value; one thread.
struct RunRecord {
  std::string run_id;
  std::string started_at;
  Json finished_at;  // null until it is finished or interrupted
  bool complete = false;
  Suite suite;
  std::uint64_t seed = 0;
  Json environment_start;
  Json environment_end;
  Json placement;
  Json conformance = Json::array();
  std::vector<Cell> cells;
  std::map<std::string, CellVerdict> excluded;  // by cell id: unsupported or failed before any round
  std::vector<Json> rounds;

  CellVerdict verdict(const Cell& cell) const;
  // Of a finished run: kFailed if a cell failed or is invalid, kUndecided if none was measured.
  os::ExitCode exit_code() const;
  std::vector<const Json*> rounds_of(const std::string& cell) const;
  std::vector<const Json*> all_rounds() const;

  Json cells_to_json() const;
  Json slopes() const;  // see harness/analysis/slopes.h
  Json ratios() const;  // see harness/analysis/ratios.h

  // The whole document, cells judged and summaries computed.
  Json to_json(const Catalogue& catalogue) const;
};

// A finished run as a table per experiment: medians over the rounds, the codes of what is the matter with a cell, and a
// footnote for each code.
std::string describe_run(const RunRecord& record);

}  // namespace fanin::harness
