#pragma once

#include <vector>

#include "harness/json/json_reader.h"
#include "harness/suite/suite.h"

namespace fanin::harness {

// The "ratios" of a run.json: each cell of an experiment with a baseline, compared with the baseline's cell of the same
// value. The pairs are the rounds of one block, which are both ok: in an interleaved experiment they were driven in
// slices of one run. Hodges-Lehmann estimate of the log ratios with the exact signed-rank interval; the unit is a fresh
// set of server processes. `cells` and `rounds` are those of the run.
Json summarise_ratios(const Suite& suite, const Json& cells, const std::vector<const Json*>& rounds);

// The log ratios of the second cell to the first in the blocks in which both rounds are ok and have the metric above 0.
std::vector<double> paired_log_ratios(const std::vector<const Json*>& first, const std::vector<const Json*>& second,
                                      const std::string& metric);

}  // namespace fanin::harness
