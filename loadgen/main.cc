// fanin-load: drives a TCP server with a declared load and reports what can be believed.
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <exception>

#include "loadgen/control.h"
#include "loadgen/head_room.h"
#include "loadgen/options.h"
#include "loadgen/progress_line.h"
#include "loadgen/report_json.h"
#include "loadgen/report_text.h"
#include "loadgen/result_file.h"
#include "loadgen/run.h"
#include "loadgen/uring_loop.h"
#include "net/affinity.h"

namespace fanin {
namespace {

constexpr int kBadResult = 1;
constexpr int kBadInput = 2;
constexpr int kInterrupted = 130;

std::atomic<bool> interrupted{false};

void interrupt(int) { interrupted.store(true); }

WaitCircumstances circumstances(const LoadOptions& options, const LoadPlan& plan) {
  WaitCircumstances found{.wish = options.wait,
                          .open_loop = plan.rate_per_s.has_value(),
                          .event_loops = has_event_loops(plan.driver),
                          .threads = plan.threads,
                          .own_cpus = allowed_cpus()};
  found.pinned = found.own_cpus.size() < static_cast<std::size_t>(::sysconf(_SC_NPROCESSORS_ONLN));
  if (plan.server_pid) {
    found.server_cpus = allowed_cpus(*plan.server_pid);
  }
  return found;
}

int measure(const LoadOptions& options) {
  LoadPlan plan = make_plan(options);
  const DriverChoice driver = choose_driver(options.driver, why_no_uring_driver());
  plan.driver = driver.kind;
  plan.driver_reason = driver.reason;
  spread_over_threads(plan, options.threads.has_value(), head_room());
  if (!options.cpus.empty()) {
    bind_to_cpus(parse_cpu_list(options.cpus));
  }
  plan.wait = choose_wait(circumstances(options, plan));
  std::optional<ResultFile> file;
  if (!options.json_path.empty()) {
    file.emplace(options.json_path);
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGINT, interrupt);
  std::signal(SIGTERM, interrupt);
  ProgressLine progress(plan);
  std::optional<ControlChannel> control;
  std::vector<RunListener*> listeners;
  if (!options.quiet && ::isatty(STDERR_FILENO) == 1) {
    listeners.push_back(&progress);
  }
  if (options.control_fd) {
    listeners.push_back(&control.emplace(*options.control_fd));
  }
  const LoadResult result = run_load(plan, listeners, interrupted);
  const Verdict verdict = judge(plan, result);
  if (!options.quiet) {
    fmt::print(options.json_path == "-" ? stderr : stdout, "{}", result_text(plan, result, verdict));
  }
  if (file) {
    file->write(to_text(result_json(plan, result, verdict)));
  }
  if (result.interrupted) {
    return kInterrupted;
  }
  return verdict.status == Status::kInvalid ? kBadResult : 0;
}

int run(int argc, char** argv) {
  LoadOptions options;
  if (const auto exit_code = parse_command(argc, argv, options)) {
    return *exit_code;
  }
  return measure(options);
}

}  // namespace
}  // namespace fanin

int main(int argc, char** argv) {
  try {
    return fanin::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "fanin-load: {}\n", error.what());
    return fanin::kBadInput;
  }
}
