// fanin-load: drives a TCP server with a declared load and reports what can be believed.
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "loadgen/experiments/calibration.h"
#include "loadgen/experiments/experiment.h"
#include "loadgen/experiments/load_process.h"
#include "loadgen/experiments/slice_comparison.h"
#include "loadgen/plan/make_plan.h"
#include "loadgen/plan/option_table.h"
#include "loadgen/plan/options.h"
#include "loadgen/reports/assertions.h"
#include "loadgen/reports/report.h"
#include "loadgen/runs/targets.h"
#include "os/program.h"
#include "os/result_file.h"

namespace fanin::load {
namespace {

// Null where no result is asked for. The live lines have been opened, so their file exists.
std::unique_ptr<os::ResultFile> open_result(const LoadOptions& options) {
  refuse_shared_files(options);
  return options.json_path.empty() ? nullptr : std::make_unique<os::ResultFile>(options.json_path);
}

os::ExitCode measure(LoadProcess& process, const LoadOptions& options) {
  LoadPlan plan = LoadProcess::prepare(options);
  const std::unique_ptr<os::ResultFile> file = open_result(options);
  const Outcome outcome = process.run(std::move(plan));
  if (process.text() != nullptr) {
    os::print_text(process.text(), result_text(outcome.plan, outcome.result, outcome.verdict));
  }
  if (file) {
    file->write(to_text(result_json(outcome.plan, outcome.result, outcome.verdict)));
  }
  return outcome.result.interrupted ? os::ExitCode::kInterrupted : judge(outcome.plan, outcome.result, outcome.verdict);
}

os::ExitCode run_interleaved(LoadProcess& process, const LoadOptions& options) {
  std::vector<LoadPlan> plans = make_slice_plans(options, LoadProcess::prepare);
  const std::unique_ptr<os::ResultFile> file = open_result(options);
  const SlicesResult result = compare_slices(process.run_in_slices(std::move(plans)));
  if (process.text() != nullptr) {
    os::print_text(process.text(), slices_text(result));
  }
  if (file) {
    file->write(to_text(slices_json(result)));
  }
  os::ExitCode code = compares(result) ? os::ExitCode::kPassed : os::ExitCode::kFailed;
  for (const Outcome& outcome : result.outcomes) {
    if (outcome.result.interrupted) {
      return os::ExitCode::kInterrupted;
    }
    code = worse_of(code, judge(outcome.plan, outcome.result, outcome.verdict));
  }
  return code;
}

os::ExitCode experiment(LoadProcess& process, const LoadOptions& options) {
  if (options.control_fd) {
    throw std::invalid_argument("--control goes with one run: leave it out, or --sweep and --find-rate");
  }
  const std::unique_ptr<os::ResultFile> file = open_result(options);
  const Runner run = [&process](const LoadOptions& point, const std::string& which) {
    return process.run(LoadProcess::prepare(point), which);
  };
  const ExperimentOutput output{process.text(), file.get()};
  return options.find_rate ? run_rate_search(options, run, output) : run_sweep(options, run, output);
}

// What can be checked without the machine.
int check(const LoadOptions& options) {
  if (options.sweep) {
    parse_sweep(options);
  } else if (options.targets.empty()) {
    make_plan(options);
  } else {
    make_slice_plans(options, make_plan);
  }
  return 0;
}

int print_options(int argc, char** argv) {
  const bool json = argc == 3 && std::string_view(argv[2]) == "--json";
  if (argc > 2 && !json) {
    refuse("options: give --json or nothing, or see fanin-load --help");
  }
  os::print_text(stdout, json ? options_json() : options_text());
  return 0;
}

int run(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "calibrate") {
    return calibrate(argc - 1, argv + 1);
  }
  if (command == "options") {
    return print_options(argc, argv);
  }
  std::string help = "--help";
  if (command == "help" && argc == 2) {
    argv[1] = help.data();
  }
  LoadOptions options;
  if (const auto exit_code = parse_command(argc, argv, options)) {
    return *exit_code;
  }
  if (options.check) {
    return check(options);
  }
  resolve_targets(options);
  LoadProcess process(options);
  if (!options.targets.empty()) {
    return static_cast<int>(run_interleaved(process, options));
  }
  const bool runs_several = options.find_rate || options.sweep;
  return static_cast<int>(runs_several ? experiment(process, options) : measure(process, options));
}

}  // namespace
}  // namespace fanin::load

int main(int argc, char** argv) {
  return fanin::os::run_program("fanin-load", [&] { return fanin::load::run(argc, argv); });
}
