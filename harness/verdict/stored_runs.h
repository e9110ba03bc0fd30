#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "harness/analysis/run_file.h"
#include "harness/json/json_reader.h"

namespace fanin::harness {

// A run document with its rounds by cell. It refers to the document and must not outlive it.
struct StoredRun {
  explicit StoredRun(const Json& run) : document(&run), rounds(rounds_by_cell(run)) {}

  const Json* find_cell(const std::string& id) const;  // nullptr: the run has none of this id
  bool has_measured(const std::string& id) const;
  // The metrics that a cell is about, without memory. None where its windows only serve to read memory; no throughput
  // where the rate is given: an equal rate decides nothing.
  std::vector<std::string> find_subjects(const std::string& id) const;

  const Json* document;
  std::map<std::string, Rounds> rounds;
};

// The runs of one side of a comparison.
struct RunsOfSide {
  RunsOfSide(std::string its_name, const std::vector<Json>& documents);

  std::string name;  // "base" or "new"
  std::vector<StoredRun> runs;
};

// "new: 9 of 24 rounds on a busy machine ..."; empty: none was.
std::string describe_busy_rounds(const RunsOfSide& side);

// How many runs of a side measured a cell, and what the first of the others says about it.
struct CellState {
  std::size_t measured = 0;
  std::size_t others = 0;
  std::string status;
  std::string reason;
};

CellState find_state(const RunsOfSide& side, const std::string& id);

// A metric in the rounds of a cell that are ok: logarithms, by run. No values of a run where one of its rounds lacks it
// or has 0, which has no logarithm.
struct Sample {
  std::vector<std::vector<double>> logs;
  std::size_t zeros = 0;        // rounds
  std::size_t uncompleted = 0;  // rounds without the percentile because it falls among uncompleted requests
};

Sample take_sample(const RunsOfSide& side, const std::string& cell, const std::string& metric);

// Why a sample is empty: "0 in 1 round".
std::string describe_gap(const Sample& sample);

// The log ratios of a cell to another one of the same run, paired by block; by run, without runs that have none.
std::vector<std::vector<double>> take_ratios(const RunsOfSide& side, const std::string& cell, const std::string& other,
                                             const std::string& metric);

// The server of an experiment that the others are compared with: the one that the suite names, else the first of
// several. Empty: the experiment has one server.
std::string find_baseline(const Json& run, const std::string& experiment);

// Whether the servers of an experiment were interleaved.
bool is_interleaved(const Json& run, const std::string& experiment);

// "EXPERIMENT/SERVER" of the cells that a slope is fitted to.
std::string name_group(const std::vector<const Json*>& group);
// The sweep values that a run measured: slopes over other values are those of other lines.
std::vector<Json> measured_values(const std::vector<const Json*>& group);

// The slopes of a group over `values`: logarithms, by run. No values of a run where a slope is not above zero.
struct SlopeSample {
  std::vector<std::vector<double>> logs;
  bool has_group = false;  // a run has measured the group at these values
};

SlopeSample take_slopes(const RunsOfSide& side, const std::string& name, const std::vector<Json>& values,
                        const std::string& metric);

}  // namespace fanin::harness
