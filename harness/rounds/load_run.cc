#include "harness/rounds/load_run.h"

#include <fmt/format.h>

#include <cmath>

#include "harness/analysis/summary.h"
#include "harness/machine/kernel_memory.h"
#include "net/duration.h"

namespace fanin::harness {
namespace {

// A window that is a number of requests has no length of its own.
constexpr Nanoseconds kLongestCount = std::chrono::minutes(10);

// After the warm-up fanin-load waits for every connection's first reply, so long at most.
constexpr Nanoseconds kFirstReplies = std::chrono::seconds(10);

// Waiting for the server to have taken all connections must leave most of the warm-up to what else is done in it. At
// the end of the window there is time; fanin-load waits for 10 s.
constexpr int kSettlingShareOfWarmup = 4;
constexpr Nanoseconds kSettlingAtTheEnd = std::chrono::seconds(5);

Launch make_launch(const Rig& rig, const ServerUnderTest& server, const Cell& cell, std::uint64_t seed,
                   int control_fd) {
  Launch launch;
  launch.argv = {rig.programs.load, server.target()};
  const std::vector<std::string> workload = cell.workload.load_arguments();
  launch.argv.insert(launch.argv.end(), workload.begin(), workload.end());
  launch.argv.insert(launch.argv.end(), {"--warmup", cell.warmup.text(), "--seed", std::to_string(seed)});
  if (!cell.workload.counts_requests()) {
    launch.argv.insert(launch.argv.end(), {"--duration", format_duration(cell.duration)});
  }
  launch.argv.insert(launch.argv.end(), {"--json", "-", "--quiet", "--server-pid", std::to_string(server.root()),
                                         "--control", std::to_string(control_fd)});
  launch.cpus = rig.placement.client_cpus;
  launch.pass_descriptor = control_fd;
  launch.keep_stdout = Output::Keep::kAll;
  launch.directory = rig.directory;
  return launch;
}

Json number_or_null(const std::optional<std::uint64_t>& value) { return value ? Json(*value) : Json(nullptr); }

Json stretched(std::uint64_t count, double factor) { return std::llround(static_cast<double>(count) * factor); }

Json stretched(Nanoseconds duration, double factor) {
  return std::llround(static_cast<double>(duration.count()) * factor);
}

}  // namespace

LoadRun::LoadRun(const Rig& rig, ServerUnderTest& server, const Cell& cell, std::uint64_t seed)
    : server_(server),
      time_limit_(cell.warmup.longest() + kFirstReplies +
                  (cell.workload.counts_requests() ? kLongestCount : cell.duration) + setup_limit(cell) + rig.patience),
      monitor_(server.process().reaper()),
      memory_alone_(asks_about_memory(cell)),
      settling_limit_(memory_alone_ ? kSettlingAtTheEnd : cell.warmup.length / kSettlingShareOfWarmup),
      netstat_before_(read_netstat()),
      kernel_stack_size_(read_kernel_stack_size()),
      slab_before_(read_slab_bytes()),
      process_(make_launch(rig, server, cell, seed, control_.generator_end())) {
  control_.close_generator_end();
}

void LoadRun::all_connected() {
  if (memory_alone_) {
    return;
  }
  // Before discover(), because looking at a task under /proc takes kernel memory: about 7 KB for each (6.18).
  slab_connected_ = read_settled_slab_bytes(settling_limit_);
  monitor_.discover();
}

void LoadRun::open_window() {
  cpu_opened_read_at_ = now();
  if (!memory_alone_) {
    cpu_opened_ = monitor_.cpu_quickly();
    switches_opened_ = monitor_.switches();
  }
  machine_opened_ = read_machine_cpu();
}

// The generator holds all its connections and sends nothing until it is released, so there is time to look around.
void LoadRun::close_window() {
  machine_closed_ = read_machine_cpu();
  if (memory_alone_) {
    slab_connected_ = read_settled_slab_bytes(settling_limit_);
  } else {
    cpu_closed_ = monitor_.cpu_thoroughly();
    switches_closed_ = monitor_.switches();
    if (!monitor_.same_tasks()) {
      switches_closed_.reset();  // tasks that came in between are not in the sum
    }
  }
  machine_closed_.netstat = read_netstat();
  machine_opened_.netstat = netstat_before_;
  footprint_ = monitor_.footprint();
  control_.release();
}

void LoadRun::handle(const ControlEvent& event) {
  if (event.name == "established") {
    all_connected();
  } else if (event.name == "window_open") {
    opened_at_ = event.at;
    open_window();
  } else if (event.name == "window_close") {
    closed_at_ = event.at;
    close_window();
  }  // further events are for others
}

void LoadRun::run(int interrupt_fd) {
  const TimePoint deadline = now() + time_limit_;
  const auto done = [&] {
    return server_.process().status().has_value() || process_.status().has_value() || control_.has_event();
  };
  while (!process_.status()) {
    const WaitResult result = wait_until({&server_.process(), &process_}, control_.fd(), interrupt_fd, deadline, done);
    if (result == WaitResult::kInterrupted) {
      throw Interrupted{};
    }
    if (result == WaitResult::kDeadline) {
      throw RoundFailure(fmt::format("fanin-load did not end within {}", format_duration(time_limit_)));
    }
    if (server_.process().status()) {
      throw RoundFailure(server_.death_notice());
    }
    while (const auto event = control_.next_event()) {
      handle(*event);
    }
  }
  collect_result();
}

std::string LoadRun::remark() const {
  return footprint_ ? "" : "fanin-load did not report its window, so the server was not read";
}

void LoadRun::collect_result() {
  const ExitStatus status = *process_.status();
  result_ = parse_json_or_null(process_.out().all());
  const bool complete = result_.is_object() && result_.value("schema", "") == "fanin-load" &&
                        result_.contains(Json::json_pointer("/verdict/status")) &&
                        result_.contains(Json::json_pointer("/requests/completed"));
  if (!complete) {
    result_ = nullptr;
    const std::string last_words = process_.err().last_line();
    throw GeneratorFailure(fmt::format("fanin-load gave no result: {}{}{}", status.text(),
                                       last_words.empty() ? "" : ": ", last_words.substr(0, 500)));
  }
  if (status.signal != 0) {
    throw GeneratorFailure(fmt::format("fanin-load ended with {}", status.text()));
  }
}

// The reading at the opening comes late, because the harness has to wait for the CPU on which the generator is busy;
// the one at the closing does not matter, because the load has ended by then. So a difference covers a little less than
// the window, and is stretched to all of it. Nothing where it covers less than half: that would be guessing.
std::optional<double> LoadRun::stretch(TimePoint read_at) const {
  if (!opened_at_ || !closed_at_) {
    return 1.0;
  }
  const auto window = *closed_at_ - *opened_at_;
  const auto covered = *closed_at_ - read_at;
  if (window <= Nanoseconds::zero() || covered < window / 2) {
    return std::nullopt;
  }
  return static_cast<double>(window.count()) / static_cast<double>(covered.count());
}

void LoadRun::add_server_readings(Json& server) const {
  const auto factor = stretch(cpu_opened_read_at_);
  if (cpu_opened_ && cpu_closed_ && factor) {
    const CpuUse use = cpu_between(*cpu_opened_, *cpu_closed_);
    server["cpu_ns"] = stretched(use.total, *factor);
    server["cpu_user_ns"] = use.user ? stretched(*use.user, *factor) : Json(nullptr);
    server["cpu_system_ns"] = use.system ? stretched(*use.system, *factor) : Json(nullptr);
    server["cpu_per_request_ns"] = per_reply_in_window(server["cpu_ns"], result_);
  }
  if (cpu_opened_ && opened_at_) {
    server["read_late_ns"] = Nanoseconds(cpu_opened_read_at_ - *opened_at_).count();
  }
  if (switches_opened_ && switches_closed_ && factor) {
    server["voluntary_switches"] = stretched(switches_closed_->voluntary - switches_opened_->voluntary, *factor);
    server["involuntary_switches"] = stretched(switches_closed_->involuntary - switches_opened_->involuntary, *factor);
  }
  add_memory(server);
}

void LoadRun::add_memory(Json& server) const {
  if (!footprint_) {
    return;
  }
  server["rss_bytes"] = number_or_null(footprint_->rss_bytes);
  server["pss_bytes"] = number_or_null(footprint_->pss_bytes);
  server["page_table_bytes"] = number_or_null(footprint_->page_table_bytes);
  server["threads"] = number_or_null(footprint_->threads);
  server["processes"] = footprint_->processes;
  server["descriptors"] = number_or_null(footprint_->descriptors);
  if (footprint_->threads && kernel_stack_size_) {
    server["kernel_stack_bytes"] = *footprint_->threads * *kernel_stack_size_;
  }
}

Json LoadRun::machine_readings() const {
  const MachineUse use = machine_between(machine_opened_, machine_closed_);
  const auto factor = stretch(machine_opened_.at);
  Json slab = nullptr;
  if (slab_before_ && slab_connected_) {
    slab = static_cast<std::int64_t>(*slab_connected_) - static_cast<std::int64_t>(*slab_before_);
  }
  const Json busy = use.cpu_busy && factor ? stretched(*use.cpu_busy, *factor) : Json(nullptr);
  return {{"cpu_busy_ns", busy},
          {"cpu_per_request_ns", per_reply_in_window(busy, result_)},
          {"steal_ns", use.steal && factor ? stretched(*use.steal, *factor) : Json(nullptr)},
          {"slab_bytes", slab},
          {"netstat", use.netstat}};
}

}  // namespace fanin::harness
