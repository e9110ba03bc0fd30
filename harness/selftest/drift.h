#pragma once

#include <string>
#include <vector>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// What a run of the suite `drift` gave: the interleaved cells, and by metric and cell the median over rounds of the
// logarithm of the value, and that of its ratio to the baseline server. A value is absent where the run lacks it.
Json drift_record(const Json& run);

// The standard deviation between runs of each metric and of its ratios ("log_deviations", "ratio_log_deviations"): that
// of the cell that varies most, of those that are interleaved or of the others. No metric that fewer than two runs
// have.
Json deviations_between(const std::vector<Json>& records, bool is_interleaved);

// `fanin selftest --drift`: measures so many more runs of the suite `drift` and adds them to `out`, a drift.json; a
// file without runs is replaced. Writes the file after every run. Returns 0, or 130 if interrupted. Throws
// std::invalid_argument if the file is no such file or comes from another machine.
int measure_drift(const std::string& out, int runs);

}  // namespace fanin::harness
