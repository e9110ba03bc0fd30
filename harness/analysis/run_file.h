#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/json/json_reader.h"
#include "harness/suite/suite.h"

namespace fanin::harness {

using Rounds = std::vector<const Json*>;

// The rounds of each cell of a run. A cell without rounds has an entry too.
std::map<std::string, Rounds> rounds_by_cell(const Json& run);

// The following check what a schema cannot say, in runs that fit their schema, and throw std::invalid_argument with the
// place of the first contradiction.

// Cells and servers are those of the suite.
void check_cells(const JsonReader& run, const Suite& suite);

// The states of cells follow from their rounds, and rounds and conformance fit their cells. Each round has a cell.
void check_statuses(const JsonReader& run, const Suite& suite);

// Summaries, slopes and ratios follow from the rounds.
void check_figures(const JsonReader& run, const Suite& suite);

// What plots.validate asks of a run.json too: that it fits its schema, that names in it exist, that each round is there
// once, that its summaries follow from its rounds, and what check_round() asks. All throw std::invalid_argument with
// file and place of the first thing that is wrong.
void check_run(const JsonReader& run);

// One round: that it fits its schema, that every request in it is accounted for, and that its histograms hold what they
// say. Percentiles are compared, since they are read in place of the buckets.
void check_round(const JsonReader& round);

// The layout of all histograms in results: HdrHistogram's with 2 significant digits, 256 sub-buckets.
inline constexpr int kSubBucketBits = 8;

// log2 of the number of values in the bucket that holds `value`.
inline int bucket_shift(std::uint64_t value) { return std::max(0, 64 - std::countl_zero(value) - kSubBucketBits); }

// The highest value of the bucket that begins at `lowest`.
inline std::uint64_t highest_value(std::uint64_t lowest) {
  return lowest + (std::uint64_t{1} << bucket_shift(lowest)) - 1;
}

// The run.json or run.json.gz of a run directory; any other path itself.
std::string find_run_file(const std::string& path);

// Reads and checks the run in a directory or a file, gzipped or not.
Json load_run(const std::string& path);

}  // namespace fanin::harness
