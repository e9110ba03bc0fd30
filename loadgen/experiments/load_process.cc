#include "loadgen/experiments/load_process.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "loadgen/experiments/calibration.h"
#include "loadgen/plan/driver_kind.h"
#include "loadgen/plan/make_plan.h"
#include "loadgen/records/usage.h"
#include "loadgen/runs/headroom.h"
#include "loadgen/runs/run.h"
#include "net/affinity.h"
#include "os/build_info.h"
#include "os/procfs.h"
#include "os/program.h"

namespace fanin::load {
namespace {

std::atomic<bool> interrupted{false};

void interrupt(int) { interrupted.store(true); }

// SIGHUP ends a run as SIGINT does, unless nohup(1) ignores it.
void catch_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a result beyond the limit on file sizes is an error of write(2)
  for (const int signal : {SIGINT, SIGTERM, SIGQUIT}) {
    std::signal(signal, interrupt);
  }
  if (std::signal(SIGHUP, interrupt) == SIG_IGN) {
    std::signal(SIGHUP, SIG_IGN);
  }
}

std::vector<int> cpus_of_server(pid_t process) {
  try {
    return net::allowed_cpus(process);
  } catch (const std::system_error& error) {
    throw std::invalid_argument(fmt::format("--server-pid {}: {}: give the process of the server, or leave it out",
                                            process, error.code().message()));
  }
}

IdleStrategyInputs inputs(const LoadOptions& options, const LoadPlan& plan) {
  IdleStrategyInputs found{.requested = options.wait,
                           .open_loop = plan.rate_per_s.has_value(),
                           .event_loops = has_event_loops(plan.driver),
                           .threads = plan.threads,  // those of other targets sleep while this one has its slice
                           .own_cpus = net::allowed_cpus()};
  found.pinned = found.own_cpus.size() < static_cast<std::size_t>(::sysconf(_SC_NPROCESSORS_ONLN));
  if (plan.server.given) {
    found.server_cpus = cpus_of_server(plan.server.roots.front());
  }
  return found;
}

}  // namespace

LoadProcess::LoadProcess(const LoadOptions& options)
    : busy_(options.control_fd ? "" : os::why_busy(os::read_machine_load())),
      shows_view_(!options.quiet && LiveView::possible()),
      text_(options.quiet                                               ? nullptr
            : options.json_path == "-" || options.live_json_path == "-" ? stderr
                                                                        : stdout) {
  if (!options.cpus.empty()) {
    net::bind_to_cpus(net::parse_cpu_list(options.cpus));
  }
  catch_signals();
  if (options.control_fd) {
    control_.emplace(static_cast<int>(*options.control_fd));
  }
  if (!options.live_json_path.empty()) {
    live_json_.emplace(options.live_json_path);
  }
}

LoadPlan LoadProcess::prepare(const LoadOptions& options) {
  LoadPlan plan = make_plan(options);
  const DriverChoice driver =
      plan.timestamps
          ? DriverChoice{DriverKind::kEpoll, "it reads the kernel's timestamps"}
          : choose_driver(options.driver, plan.read_bytes_per_s
                                              ? "it reads bytes as they come, which --read-bytes-per-s forbids"
                                              : why_no_uring_driver());
  plan.driver = driver.kind;
  plan.driver_reason = driver.reason;
  if (!plan.server.given) {
    plan.server = find_server(plan.target);
  }
  spread_over_threads(plan, options.threads.has_value(), headroom());
  if (options.calibration) {
    const unsigned loops = has_event_loops(plan.driver) ? plan.threads : 1;  // it was measured with one
    const CeilingRead ceiling = read_ceiling(*options.calibration, plan.driver);
    if (ceiling.per_s) {
      plan.ceiling_per_s = loops * *ceiling.per_s;
    }
    plan.ceiling_reason = ceiling.reason;
  }
  plan.cpus = static_cast<unsigned>(net::allowed_cpus().size());
  plan.idle_strategy = choose_idle_strategy(inputs(options, plan));
  return plan;
}

std::vector<RunListener*> LoadProcess::begin_run(LiveView& view) {
  if (!std::exchange(warned_, true) && text_ != nullptr) {
    if (const std::string warning = os::build_warning(); !warning.empty()) {
      os::print_error("fanin-load", warning);
    }
  }
  std::vector<RunListener*> listeners;
  if (shows_view_) {
    listeners.push_back(&view);
  }
  if (live_json_) {
    live_json_->begin_run();
    listeners.push_back(&*live_json_);
  }
  if (control_) {
    listeners.push_back(&*control_);
  }
  return listeners;
}

// A run without its live lines is still valid.
void LoadProcess::end_run() {
  if (live_json_) {
    live_json_->end_run();
  }
  if (live_json_ && live_json_->error() != 0 && !live_json_ended_) {
    live_json_ended_ = true;
    if (live_json_->is_standard_output()) {
      os::note_output_error(live_json_->error());
      return;
    }
    os::print_error("fanin-load", fmt::format("--live-json: {}: its lines end before the run does",
                                              std::strerror(live_json_->error())));
  }
}

Outcome LoadProcess::run(LoadPlan plan, const std::string& which) {
  plan.machine_busy = busy_;
  LoadResult result = [&] {
    LiveView view(plan, 1, which);  // gone from the terminal when the run is over
    return run_load(plan, begin_run(view), interrupted);
  }();
  end_run();
  Verdict verdict = decide_verdict(plan, result);
  return {std::move(plan), std::move(result), std::move(verdict)};
}

std::vector<Outcome> LoadProcess::run_in_slices(std::vector<LoadPlan> plans) {
  for (LoadPlan& plan : plans) {
    plan.machine_busy = busy_;
  }
  std::vector<LoadResult> results = [&] {
    LiveView view(plans.front(), plans.size(), "");
    return load::run_in_slices(plans, begin_run(view), interrupted);
  }();
  end_run();
  std::vector<Outcome> outcomes;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    Verdict verdict = decide_verdict(plans[i], results[i]);
    outcomes.push_back({std::move(plans[i]), std::move(results[i]), std::move(verdict)});
  }
  return outcomes;
}

}  // namespace fanin::load
