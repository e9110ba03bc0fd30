#pragma once

#include "harness/json/json_reader.h"
#include "harness/suite/suite.h"

namespace fanin::harness {

// Whether the cells, summaries and slopes of a run follow from its suite and its rounds, which a schema cannot say. The
// run must fit its schema. All throw std::invalid_argument with file and place of the first fault.

// Each cell is one of the suite and of a server of the run; one that is measured has a round that is ok.
void check_cells(const JsonReader& run, const Suite& suite);

// Each summary and each slope is of a cell of the run, is there once, and has the median that the rounds give.
void check_figures(const JsonReader& run);

}  // namespace fanin::harness
