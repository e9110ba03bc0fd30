#pragma once

#include <string>
#include <vector>

#include "harness/json/json_reader.h"
#include "harness/verdict/drift_table.h"
#include "harness/verdict/verdict.h"

namespace fanin::harness {

struct CompareOptions {
  std::vector<std::string> base;  // each a run.json, the directory of a run, or a directory of such directories
  std::vector<std::string> now;
  std::vector<std::string> metrics;  // empty: throughput, p99, CPU per request, and memory per idle connection
  std::vector<std::string> bands;    // "1%", or "METRIC=1%"
  std::vector<std::string> vary;     // the factors that are meant to differ: see factors()
  bool strict = false;
  bool bisect = false;    // exit codes for `git bisect run`
  std::string json_path;  // empty: none
};

// Names of the factors in which two runs must not differ, unless they are declared to vary.
std::vector<std::string> factors();

// Why the runs cannot be compared at all, one line per factor; empty where they can.
std::vector<std::string> obstacles(const Json& base, const Json& now, const CompareOptions& options);

// What differs between the environments of two runs and may explain a difference in results ("kernel.release: "6.1" ->
// "6.18""); what changes by itself (time, load averages, digests of programs) is left out.
std::vector<std::string> environment_differences(const Json& base, const Json& now);

// Compares the runs of two sides, at least one each, which are documents that check_run() has accepted. Throws
// std::invalid_argument for metrics and bands that do not exist. `drift` is that between runs of one commit.
Judgement compare_runs(const std::vector<Json>& base, const std::vector<Json>& now, const CompareOptions& options,
                       const DriftTable& drift = DriftTable::shipped());

// `fanin compare`: reads the runs, compares them and prints the verdicts. Returns the exit code. Throws
// std::invalid_argument for errors of the user.
int run_compare(const CompareOptions& options);

}  // namespace fanin::harness
