#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// One figure of a round that a cell's summary is made of: a row of results/schema/metrics.json.
struct Metric {
  std::string name;  // its ending says the unit
  std::string unit;  // "1/s", "ns", "bytes" or "1"
  std::string meaning;
  bool higher_is_better = false;
  bool has_slope = false;                  // over sweeps of `idle_connections`
  bool per_reply = false;                  // divided by the replies of the window
  std::vector<Json::json_pointer> places;  // in a round; the value is their sum
};

// The rows of the table, in its order. The program holds a copy of the file. Any thread.
const std::vector<Metric>& metrics();

// Throws std::out_of_range for a name that the table lacks.
const Metric& find_metric(std::string_view name);

// CPU time, or another amount of the window, per reply that came within it, by the generator's result `load`. A backlog
// that is answered after the window is in neither. Null where there is no amount, or no reply came.
Json per_reply_in_window(const Json& amount, const Json& load);

// The metric's value in a round; null where the round does not have it. Throws as find_metric.
Json metric_of(const Json& round, const std::string& name);

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
