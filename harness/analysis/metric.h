#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/json/json_reader.h"
#include "harness/suite/workload.h"

namespace fanin::harness {

// A sum of numbers of a round, divided by another such sum.
struct Quotient {
  using Places = std::vector<std::string>;  // JSON pointers; "/*" at the end: all numbers there, "/*max": the largest

  Places places;
  std::vector<Places> divisors;  // the first one whose places all have a number counts; none: 1
};

// One figure of a round that a cell's summary is made of: a row of results/schema/metrics.json.
struct Metric {
  std::string name;  // its ending says the unit
  std::string unit;  // "1/s", "ns", "bytes" or "1"
  std::string meaning;
  bool higher_is_better = false;
  bool has_slope = false;         // over sweeps of `idle_connections`
  std::vector<Quotient> sources;  // the first one that a round has is its value
};

// The rows of the table, in its order. The program holds a copy of the file. Any thread.
const std::vector<Metric>& metrics();

// What a user or a claim names: "METRIC", or "METRIC@CLASS" for a class of a mix.
struct MetricName {
  std::string metric;
  std::string of_class;  // empty: all requests
};
MetricName split_metric_name(std::string_view name);

// The row of METRIC or METRIC@CLASS. Throws std::out_of_range for a name that the table lacks.
const Metric& find_metric(std::string_view name);

// Whether the generator's result has this metric of each class of a mix.
bool is_by_class(const Metric& metric);
std::string list_metrics_by_class();  // their names, with commas

// The same for a name that a user gave. Throws std::invalid_argument that says what there is; also for METRIC@CLASS of
// a metric that is not known by class.
const Metric& find_metric_of_user(const std::string& name);

// Throws likewise for METRIC@CLASS if `workload` has no such class.
void check_metric(const std::string& name, const Workload& workload);

// CPU time, or another amount of the window, per reply that came within it, by the generator's result `load`. A backlog
// that is answered after the window is in neither. Null where there is no amount, or no reply came.
Json per_reply_in_window(const Json& amount, const Json& load);

// The value of METRIC, or of METRIC@CLASS, in a round; null where the round does not have it. Throws as find_metric.
Json metric_of(const Json& round, const std::string& name);

// Why metric_of() is null in a round, as far as the round says it; empty: it does not.
std::string explain_null(const Json& round, const Metric& metric);

}  // namespace fanin::harness
