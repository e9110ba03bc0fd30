#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "loadgen/experiments/experiment.h"

namespace fanin::load {

inline constexpr std::size_t kTextWidth = 100;  // of the sentences below a table

// A run as the end of a row of a table of runs: throughput, percentiles of the response time, verdict with the codes of
// its reasons. Latencies of an invalid run are in brackets. No newline.
std::string outcome_heading();
std::string outcome_row(const Outcome& outcome);

// Explains the codes in the rows of such a table, each once; empty where there are none.
std::string outcome_notes(const std::vector<const Outcome*>& outcomes);

}  // namespace fanin::load
