#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/json/json_reader.h"
#include "harness/verdict/verdict.h"
#include "statistics/statistics.h"

namespace fanin::harness {

struct CompareOptions {
  double throughput_band = 0.05;  // differences within are of no interest
  double cpu_band = 0.05;
  double latency_band = 0.10;
  double memory_band = 0.05;
  std::string vary;  // the one factor that is meant to differ: see factors()
};

// One metric of one cell, or the memory per idle connection of one experiment and server: the second run against the
// first.
struct MetricComparison {
  std::string cell;  // or "experiment/server"
  std::string metric;
  std::string unit;
  double first = 0;  // medians
  double second = 0;
  double ratio = 1;                  // second to first, Hodges-Lehmann on logarithms
  std::optional<Interval> interval;  // of the ratio; absent where there are too few rounds
  Verdict verdict = Verdict::kUndecided;
  bool marked = false;  // rounds behind it carry warnings, are invalid, failed or are missing: see Comparison::notes
};

// Cells that cannot be compared, with the reason; `worse` where the first run could measure it and the second could
// not.
struct UncomparedCell {
  std::string cell;
  std::string reason;
  bool worse = false;
};

struct Comparison {
  std::vector<MetricComparison> metrics;
  std::vector<UncomparedCell> uncompared;
  std::vector<std::string> notes;        // what is the matter with the rounds of compared cells, a line for each run
  std::vector<std::string> differences;  // of the environments, which may explain some of it
  bool any_worse() const;
};

// Names of the factors in which two runs must not differ, unless one is declared to vary.
std::vector<std::string> factors();

// Why the runs cannot be compared at all, one line per factor; empty where they can.
std::vector<std::string> obstacles(const Json& first, const Json& second, const CompareOptions& options);

// `first` and `second` are run documents that check_run() has accepted.
Comparison compare_runs(const Json& first, const Json& second, const CompareOptions& options);

// The table and the notes that `fanin compare` prints.
std::string describe_comparison(const Comparison& comparison);

// What differs between the environments of two runs and may explain a difference in results ("kernel.release: "6.1" ->
// "6.18""); what changes by itself (time, load averages, digests of programs) is left out.
std::vector<std::string> environment_differences(const Json& first, const Json& second);

}  // namespace fanin::harness
