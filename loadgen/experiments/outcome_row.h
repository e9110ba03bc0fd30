#pragma once

#include <string>
#include <vector>

#include "loadgen/experiments/experiment.h"

namespace fanin::load {

// A run as the end of a row of a table of runs: throughput, percentiles of the response time, verdict with what
// its reasons are about, in a word each. Latencies of an invalid run are in brackets. No newline.
std::string outcome_heading();
std::string outcome_row(const Outcome& outcome);

// What the words in the rows of such a table mean, a line each; empty where there are none.
std::string outcome_notes(const std::vector<const Outcome*>& outcomes);

}  // namespace fanin::load
