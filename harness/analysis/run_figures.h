#pragma once

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

// Summaries and slopes follow from the rounds.
void check_figures(const JsonReader& run);

}  // namespace fanin::harness
