#pragma once

#include <string>
#include <vector>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// How memory grows with the connections that a server holds: the metrics of a summary that have a slope over sweeps of
// `idle_connections`, in the order in which they are shown.
const std::vector<std::string>& slope_metrics();

// One block's slope is that of the least-squares line through its rounds of the measured cells of one server; blocks
// that lack one of them are left out. `cells` are those of a run.json, of one experiment and server and without A/A
// controls; `rounds` those of the same run, further ones among them do not matter.
std::vector<double> block_slopes(const std::vector<const Json*>& cells, const std::vector<const Json*>& rounds,
                                 const std::string& metric);

// The cells of a run that a slope is fitted to, by experiment and server in the order of the run.
std::vector<std::vector<const Json*>> sloped_cells(const Json& cells);

// The "slopes" of a run.json: for each of these groups and each metric the median over blocks, with its interval.
Json summarise_slopes(const Json& cells, const std::vector<const Json*>& rounds);

}  // namespace fanin::harness
