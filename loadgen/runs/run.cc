#include "loadgen/runs/run.h"

#include <signal.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "loadgen/drivers/load_thread.h"
#include "loadgen/runs/run_listeners.h"
#include "loadgen/runs/target_part.h"
#include "loadgen/runs/warmup.h"

namespace fanin::load {
namespace {

constexpr Nanoseconds kProgressEvery = std::chrono::milliseconds(200);
constexpr Nanoseconds kStartDelay = std::chrono::milliseconds(1);  // until every thread is awake

// Controls the threads of one run and notifies the listeners. Owns the threads while they run.
class RunController {
 public:
  // The plans differ only in target and slices.
  RunController(const std::vector<LoadPlan>& plans, const std::vector<RunListener*>& listeners,
                const std::atomic<bool>& interrupted)
      : plan_(plans.front()), interrupted_(interrupted) {
    for (const LoadPlan& plan : plans) {
      const TargetPart& part = *parts_.emplace_back(std::make_unique<TargetPart>(plan, gate_));
      for (const auto& thread : part.threads()) {
        threads_.push_back(thread.get());
      }
    }
    const auto abort_threads = plan_.aborts_per_s ? static_cast<unsigned>(plans.size()) : 0;
    coordinator_.emplace(static_cast<unsigned>(threads_.size()), abort_threads);
    std::vector<const Recorder*> recorders;
    for (const LoadThread* thread : threads_) {
      recorders.push_back(&thread->recorder());
    }
    announcer_.emplace(listeners, std::move(recorders));
  }

  ~RunController() {
    coordinator_->call_off();
    running_.clear();  // joins
  }

  std::vector<LoadResult> run() {
    const WallTime started_at = std::chrono::system_clock::now();
    machine_before_ = os::read_machine_load();
    for (const auto& part : parts_) {
      part->read_queue();
    }
    const TimePoint begin = net::now();
    start_threads();
    wait(Phase::kConnecting, [this](TimePoint until) { return coordinator_->all_ready(until); });
    const auto all_reachable = [](const auto& part) { return part->unreachable().empty(); };
    if (!std::all_of(parts_.begin(), parts_.end(), all_reachable)) {
      return without_traffic(started_at, net::now() - begin);
    }
    const Nanoseconds setup = net::now() - begin;
    wait_for_accepts();
    for (const auto& part : parts_) {
      part->discover_server();
    }
    const TimePoint start = net::now() + kStartDelay;
    Window window{.start = start, .open = start + warmup_.limit()};
    if (!plan_.requests) {
      window.close = window.open + plan_.duration;
    }
    announcer_->established();
    coordinator_->start(window);
    const auto opened_at = measure(window);
    announcer_->hold();
    const TimePoint released = net::now();
    coordinator_->release();
    running_.clear();
    const Nanoseconds closing = net::now() - released;
    std::vector<LoadResult> results = results_since(started_at, setup);
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      LoadResult& result = results[i];
      result.opened_at = opened_at;
      result.closing = closing;
      result.warmup = window.open - window.start;
      result.warmup_end = warmup_.end();
      result.warmup_steady = warmup_.steady();
      result.generator = usage_;
      result.machine = machine_;
      parts_[i]->report(result);
    }
    sum_servers(results);
    return results;
  }

 private:
  using Phase = RunListener::Progress::Phase;

  static void sum_servers(std::vector<LoadResult>& results) {
    Nanoseconds total{};
    for (const LoadResult& result : results) {
      total += result.server ? result.server->cpu : Nanoseconds(0);
    }
    for (LoadResult& result : results) {
      result.servers_cpu = total;
    }
  }

  void start_threads() {
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before);  // only the controlling thread gets signals
    for (LoadThread* thread : threads_) {
      running_.emplace_back([&thread = *thread, this] { run_load_thread(thread, *coordinator_); });
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  // Shows no progress, which would take CPU from the server.
  void wait_for_accepts() {
    AcceptWatch watch;
    const TimePoint begin = net::now();
    while (!interrupted_.load() && watch.look(waiting_for_accept(), net::now() - begin)) {
      std::this_thread::sleep_for(Warmup::kStep);
    }
  }

  std::uint64_t waiting_for_accept() const {
    std::uint64_t waiting = 0;
    for (const auto& part : parts_) {
      waiting += part->waiting_for_accept();
    }
    return waiting;
  }

  std::optional<WallTime> measure(Window& window) {
    const auto until_done = [this](TimePoint until) { return coordinator_->all_done(until); };
    if (warmup_.watches()) {
      warm_up(window);
    }
    wait(Phase::kWarmup, until_done, window.open, window.start);
    if (net::now() < window.open) {
      return std::nullopt;  // interrupted before
    }
    const WallTime opened_at = std::chrono::system_clock::now();
    const os::MachineLoad machine_opened = os::read_machine_load();
    const ProcessUsage before = process_usage();
    for (const auto& part : parts_) {
      part->open_window();
    }
    announcer_->window_opened(window.open);
    wait(Phase::kWindow, until_done, window.close);
    usage_ = process_usage() - before;
    machine_ = os::shares_between(machine_opened, os::read_machine_load());
    for (const auto& part : parts_) {
      part->close_window();
    }
    announcer_->window_closed(std::min(window.close, net::now()));
    for (const auto& part : parts_) {
      part->look_after_window();
    }
    wait(Phase::kDraining, until_done);
    announcer_->show(Phase::kDraining, Nanoseconds(0));  // the last second ends only now
    return opened_at;
  }

  // Opens the window early as soon as the warm-up allows it.
  void warm_up(Window& window) {
    const auto until_done = [this](TimePoint until) { return coordinator_->all_done(until); };
    for (TimePoint at = window.start; at < window.open && !interrupted_.load();) {
      at += Warmup::kStep;
      wait(Phase::kWarmup, until_done, at, window.start);
      if (until_done(at)) {
        return;  // the threads have given up
      }
      if (const auto length = warmup_.look(warmup_progress(net::now() - window.start))) {
        const Nanoseconds earlier = std::max(window.open - (window.start + *length), Nanoseconds(0));
        window.open -= earlier;
        window.close -= plan_.requests ? Nanoseconds(0) : earlier;
        coordinator_->open_at(window.open);
        return;
      }
    }
  }

  Warmup::Progress warmup_progress(Nanoseconds elapsed) const {
    Warmup::Progress progress{.elapsed = elapsed};
    for (const LoadThread* thread : threads_) {
      progress.completed += thread->recorder().progress_outside();
      progress.errors += thread->recorder().progress_errors().total();
      progress.unserved += thread->unserved();
    }
    return progress;
  }

  // Waits for `done` or `until`. Checks for an interrupt and shows the progress since `begin` five times a second.
  template <typename Done>
  void wait(Phase phase, const Done& done, TimePoint until = TimePoint::max(), TimePoint begin = net::now()) {
    while (net::now() < until && !done(std::min(until, net::now() + kProgressEvery))) {
      if (interrupted_.load(std::memory_order_relaxed)) {
        coordinator_->interrupt();
        if (phase != Phase::kDraining && phase != Phase::kConnecting) {
          until = net::now();
        }
      }
      announcer_->show(phase, net::now() - begin);
    }
  }

  // Ends a run with an unreachable target. That is its result; the other targets are not measured.
  std::vector<LoadResult> without_traffic(WallTime started_at, Nanoseconds setup) {
    coordinator_->call_off();
    running_.clear();
    std::vector<LoadResult> results = results_since(started_at, setup);
    std::string first_reason;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      results[i].unreachable = parts_[i]->unreachable();
      first_reason = first_reason.empty() ? results[i].unreachable : first_reason;
    }
    for (LoadResult& result : results) {
      result.called_off = result.unreachable.empty();
      result.unreachable = result.called_off ? "not measured: " + first_reason : result.unreachable;
    }
    return results;
  }

  // Merges the records of each part's threads, once they have ended.
  std::vector<LoadResult> results_since(WallTime started_at, Nanoseconds setup) const {
    std::vector<LoadResult> results;
    for (const auto& part : parts_) {
      LoadResult& result = results.emplace_back(collect(part->plan(), part->threads()));
      result.started_at = started_at;
      result.machine_before = machine_before_;
      result.setup = setup;
      result.interrupted = interrupted_.load();
    }
    return results;
  }

  const LoadPlan& plan_;
  const std::atomic<bool>& interrupted_;
  ConnectGate gate_{plan_.connecting};
  std::vector<std::unique_ptr<TargetPart>> parts_;
  std::vector<LoadThread*> threads_;  // of all parts
  std::optional<Coordinator> coordinator_;
  std::optional<Announcer> announcer_;
  std::vector<std::jthread> running_;
  Warmup warmup_{plan_};
  ProcessUsage usage_;
  os::MachineLoad machine_before_;
  os::MachineShares machine_;
};

}  // namespace

LoadResult run_load(const LoadPlan& plan, const std::vector<RunListener*>& listeners,
                    const std::atomic<bool>& interrupted) {
  return RunController({plan}, listeners, interrupted).run().front();
}

std::vector<LoadResult> run_in_slices(const std::vector<LoadPlan>& plans, const std::vector<RunListener*>& listeners,
                                      const std::atomic<bool>& interrupted) {
  return RunController(plans, listeners, interrupted).run();
}

}  // namespace fanin::load
