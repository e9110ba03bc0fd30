#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/analysis/metric.h"
#include "harness/json/json_reader.h"

namespace fanin::harness {

// One summary per metric over the cell's rounds with status "ok": the median and its interval. Where some of these
// rounds lack the value the median is null with a reason: the rounds that have it are not a fair sample of all (a p99
// that falls among uncompleted requests would be left out exactly where it is worst).
Json summarise_cell(const std::string& cell, const std::vector<const Json*>& rounds);

// The cell's status and reason from those of all its rounds: measured where most of them are ok.
struct CellVerdict {
  std::string status;
  std::string reason;  // empty where measured
};
CellVerdict judge_cell(const std::vector<const Json*>& rounds, int repetitions);

// One block's slope is that of the least-squares line through its rounds of the measured cells of one server; blocks
// that lack one of them are left out. `cells` are those of a run.json, of one experiment and server and without A/A
// controls; `rounds` those of the same run, further ones among them do not matter.
std::vector<double> block_slopes(const std::vector<const Json*>& cells, const std::vector<const Json*>& rounds,
                                 const std::string& metric);

// The cells of a run that a slope is fitted to, by experiment and server in the order of the run.
std::vector<std::vector<const Json*>> sloped_cells(const Json& cells);

// The "slopes" of a run.json: for each of these groups and each metric the median over blocks, with its interval.
Json summarise_slopes(const Json& cells, const std::vector<const Json*>& rounds);

// A value of a summary for people: three significant digits and a prefix that fits ("152k/s", "6.21 us", "1.80 MiB"),
// "-" for null. The units are those of a summary: 1/s, ns, bytes, 1.
std::string format_figure(const Json& value, std::string_view unit);

}  // namespace fanin::harness
