#include "loadgen/session.h"

#include <unistd.h>

#include <atomic>
#include <csignal>

#include "loadgen/head_room.h"
#include "loadgen/run.h"
#include "loadgen/uring_loop.h"
#include "net/affinity.h"

namespace fanin {
namespace {

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

}  // namespace

Session::Session(const LoadOptions& options)
    : shows_progress_(!options.quiet && ::isatty(STDERR_FILENO) == 1),
      text_(options.quiet              ? nullptr
            : options.json_path == "-" ? stderr
                                       : stdout) {
  if (!options.cpus.empty()) {
    bind_to_cpus(parse_cpu_list(options.cpus));
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGINT, interrupt);
  std::signal(SIGTERM, interrupt);
  if (options.control_fd) {
    control_.emplace(*options.control_fd);
  }
}

LoadPlan Session::prepare(const LoadOptions& options) {
  LoadPlan plan = make_plan(options);
  const DriverChoice driver =
      choose_driver(options.driver, plan.read_bytes_per_s ? "it takes bytes as they come, which --read-rate forbids"
                                                          : why_no_uring_driver());
  plan.driver = driver.kind;
  plan.driver_reason = driver.reason;
  spread_over_threads(plan, options.threads.has_value(), head_room());
  plan.wait = choose_wait(circumstances(options, plan));
  return plan;
}

std::vector<RunListener*> Session::listeners(ProgressLine& progress) {
  std::vector<RunListener*> listeners;
  if (shows_progress_) {
    listeners.push_back(&progress);
  }
  if (control_) {
    listeners.push_back(&*control_);
  }
  return listeners;
}

Outcome Session::run(LoadPlan plan) {
  ProgressLine progress(plan);
  LoadResult result = run_load(plan, listeners(progress), interrupted);
  Verdict verdict = judge(plan, result);
  return {std::move(plan), std::move(result), std::move(verdict)};
}

std::vector<Outcome> Session::run_in_slices(std::vector<LoadPlan> plans) {
  ProgressLine progress(plans.front());
  std::vector<LoadResult> results = fanin::run_in_slices(plans, listeners(progress), interrupted);
  std::vector<Outcome> outcomes;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    Verdict verdict = judge(plans[i], results[i]);
    outcomes.push_back({std::move(plans[i]), std::move(results[i]), std::move(verdict)});
  }
  return outcomes;
}

}  // namespace fanin
