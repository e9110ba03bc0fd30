#pragma once

#include <string>
#include <vector>

#include "harness/verdict/compare.h"

namespace fanin::harness {

// Stored runs of made-up figures, for tests of their comparison.
inline Json round_of(const std::string& cell, double throughput, double p99, double cpu) {
  return {{"cell", cell},
          {"status", "ok"},
          {"load",
           {{"workload", {{"loop", "closed"}, {"connections", 10}, {"seed", throughput}}},
            {"throughput", {{"requests_per_s", throughput}}},
            {"latency", {{"response", {{"percentiles", {{"p99", p99}}}}}}}}},
          {"server", {{"cpu_per_request_ns", cpu}}}};
}

inline Json cell_of(const std::string& server, bool is_control = false) {
  return {{"id", "x/" + server + "/10" + (is_control ? "/aa" : "")},
          {"experiment", "x"},
          {"server", server},
          {"parameter", "connections"},
          {"value", 10},
          {"role", is_control ? "aa" : "measure"},
          {"status", "measured"},
          {"reason", nullptr}};
}

inline void add_rounds(Json& run, const std::string& cell, double throughput, double p99, double cpu) {
  int block = 0;
  for (const double factor : {0.98, 0.99, 1.0, 1.01, 1.02}) {
    Json round = round_of(cell, throughput * factor, p99 * factor, cpu * factor);
    round["block"] = block++;
    run["rounds"].push_back(std::move(round));
  }
}

// A run of one cell, and its A/A control that was not measured, with five rounds that scatter by 2 % around the given
// values.
inline Json run_of(double throughput, double p99, double cpu) {
  Json run{{"schema", "fanin-run"},
           {"schema_version", 2},
           {"environment",
            {{"start",
              {{"cpu", {{"model", "X"}}},
               {"hypervisor", nullptr},
               {"clocksource", "tsc"},
               {"kernel", {{"release", "6.1"}}},
               {"load", {{"averages", {throughput}}}},
               {"binaries", {{"fanin-load_sha256", "aa"}}},
               {"build", {{"build_type", "Release"}}}}}}},
           {"placement", {{"mode", "split"}}},
           {"suite", {{"repetitions", 5}}},
           {"cells", {cell_of("epoll"), cell_of("epoll", true)}},
           {"rounds", Json::array()}};
  add_rounds(run, "x/epoll/10", throughput, p99, cpu);
  return run;
}

// The same with a second server, whose values are `factor` times as bad.
inline Json run_of_two(double factor) {
  Json run = run_of(1000, 100, 10);
  run["cells"].push_back(cell_of("poll"));
  add_rounds(run, "x/poll/10", 1000 / factor, 100 * factor, 10 * factor);
  return run;
}

// A run of a sweep whose memory grows by `each` bytes per idle connection, a little more in every block.
inline Json idle_run(double each, int connections = 10) {
  Json run = run_of(1, 1, 1);
  run["cells"] = Json::array();
  run["rounds"] = Json::array();
  for (const int idle : {0, 100}) {
    const std::string id = "m/epoll/" + std::to_string(idle);
    run["cells"].push_back({{"id", id},
                            {"experiment", "m"},
                            {"server", "epoll"},
                            {"parameter", "idle_connections"},
                            {"value", idle},
                            {"role", "measure"},
                            {"status", "measured"},
                            {"reason", nullptr}});
    for (int block = 0; block < 5; ++block) {
      Json round = round_of(id, 1000 + block, 100 + block, 10 + 0.1 * block);
      round["block"] = block;
      round["load"]["workload"]["connections"] = connections;
      round["server"].update({{"pss_bytes", 1e6}, {"page_table_bytes", 5000}, {"kernel_stack_bytes", 16384}});
      round["machine"]["slab_bytes"] = idle * each * (1 + 0.001 * block);
      run["rounds"].push_back(std::move(round));
    }
  }
  return run;
}

inline constexpr double kCpuDrift = 0.10;

// As if it had been measured: a verdict of these tests must not change with the machine of the committed one.
inline const DriftTable& drift_table() {
  static const Json kDeviations{
      {"log_deviations",
       {{"throughput_per_s", 0.12},
        {"response_p99_ns", 0.16},
        {"server_cpu_per_request_ns", kCpuDrift},
        {"memory_total_bytes", 0.01}}},
      {"ratio_log_deviations",
       {{"throughput_per_s", 0.01}, {"response_p99_ns", 0.02}, {"server_cpu_per_request_ns", 0.01}}}};
  static const Json kDocument{{"source", "a table"}, {"rounds", kDeviations}, {"interleaved", kDeviations}};
  static const DriftTable kTable(kDocument);
  return kTable;
}

inline Judgement compare_all(const std::vector<Json>& base, const std::vector<Json>& now,
                             const CompareOptions& options = {}) {
  return compare_runs(base, now, options, drift_table());
}

inline Judgement compare(const Json& base, const Json& now, CompareOptions options = {}) {
  options.base = {"base.json"};
  options.now = {"new.json"};
  return compare_all({base}, {now}, options);
}

}  // namespace fanin::harness
