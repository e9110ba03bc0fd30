#pragma once

#include <string>

#include "loadgen/experiments/experiment.h"

namespace fanin {

// A run as the end of a row of a table of runs: throughput, percentiles of the response time, verdict with its first
// reason. Latencies of an invalid run are in brackets. No newline.
std::string outcome_heading();
std::string outcome_row(const Outcome& outcome);

}  // namespace fanin
