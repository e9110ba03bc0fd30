#pragma once

#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/plan/options.h"
#include "loadgen/plan/plan.h"
#include "loadgen/reports/result.h"
#include "loadgen/reports/verdict.h"
#include "os/program.h"
#include "os/result_file.h"

namespace fanin::load {

// One point of a sweep: the value as it was written, as a number in the unit of its key, and the options of its run.
struct SweepPoint {
  std::string text;
  double value = 0;
  LoadOptions options;
};

// A parameter that runs differ in.
struct Sweep {
  std::string key;               // as the option is called
  std::string unit;              // of the values: 1/s, bytes, ns, or 1 for numbers
  bool automatic_rates = false;  // rate=auto: `points` follow from a closed-loop run
  std::vector<SweepPoint> points;
};

// Reads `KEY=V1,V2,...` or `rate=auto` (options.sweep) and checks every point by making its plan. Throws
// std::invalid_argument.
Sweep parse_sweep(const LoadOptions& options);

// The rates of rate=auto, from the ceiling: eight from a tenth of it to 95 %, where the curve bends, and one beyond.
std::vector<SweepPoint> rates_up_to(double ceiling_per_s, const LoadOptions& options);

// One run of several: the plan that it followed, what it measured, how far that can be trusted.
struct Outcome {
  LoadPlan plan;
  LoadResult result;
  Verdict verdict;
};

// Makes a plan of the options and runs it to its end; `which` of the runs it is, in words. Throws as make_plan() and
// run_load() do.
using Runner = std::function<Outcome(const LoadOptions&, const std::string& which)>;

// The output of several runs of one command.
struct ExperimentOutput {
  std::FILE* text = nullptr;       // rows as the runs end; null: none
  os::ResultFile* file = nullptr;  // all of it as JSON at the end; null: none
};

// The closed-loop run whose throughput is taken for the highest rate: without schedule, pauses and new connections
// beyond those that were asked for.
LoadOptions closed_loop(LoadOptions options);

// `--sweep` and `--find-rate`: one run after another in this process, each with its own connections. Wrong options
// are refused by std::invalid_argument before anything runs. Return the exit code of the program.
os::ExitCode run_sweep(const LoadOptions& options, const Runner& run, const ExperimentOutput& output);
os::ExitCode run_rate_search(const LoadOptions& options, const Runner& run, const ExperimentOutput& output);

}  // namespace fanin::load
