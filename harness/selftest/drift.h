#pragma once

#include <string>
#include <vector>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// What a run of the suite `drift` gave: by metric and cell, the median over rounds of the logarithm of the value, and
// that of its ratio to the baseline server. A value is absent where the run lacks it.
Json drift_record(const Json& run);

// The standard deviation between runs of each metric: that of the cell that varies most. `key` is "values" or "ratios".
// No metric that fewer than two runs have.
Json deviations_between(const std::vector<Json>& records, const char* key);

// `fanin selftest --drift`: measures so many more runs of the suite `drift` and adds them to `out`, a drift.json; a
// file without runs is replaced. Writes the file after every run. Returns 0, or 130 if interrupted. Throws
// std::invalid_argument if the file is no such file or comes from another machine.
int measure_drift(const std::string& out, int runs);

}  // namespace fanin::harness
