#pragma once

#include <string>

#include "harness/json/json_reader.h"
#include "harness/suite/workload.h"

namespace fanin::harness {

// What `fanin-micro` gives of a benchmark: real time of an iteration.
inline constexpr std::string_view kCallMetric = "time_ns";

// The metric that a claim names: a row of results/schema/metrics.json, or METRIC@CLASS, the row for the requests of one
// class of a mix. A value.
struct ClaimMetric {
  std::string name;      // as in the claim
  std::string row;       // of metrics.json
  std::string of_class;  // empty: all requests
  std::string unit;

  // Throws std::invalid_argument with the place of a metric that does not exist, or not for classes.
  static ClaimMetric parse(const JsonReader& reader);
  // Refuses a class that the mix of a workload does not have.
  void check_class(const JsonReader& reader, const Json& workload) const;
  // Its value in a round; null where the round does not have it.
  Json read(const Json& round) const;
  // Whether one server's rounds have it when several servers are up at once.
  bool is_of_one_server() const;
};

}  // namespace fanin::harness
