#include "harness/rounds/load_run.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cmath>

#include "harness/analysis/summary.h"
#include "harness/json/json_reader.h"
#include "harness/machine/machine.h"
#include "net/duration.h"

namespace fanin::harness {
ControlChannel::ControlChannel() {
  std::array<int, 2> ends{};
  check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
  ours_ = Descriptor(ends[0]);
  theirs_ = Descriptor(ends[1]);
}

void ControlChannel::drain() {
  std::array<char, 4096> buffer;
  while (ours_) {
    const ssize_t got = ::recv(ours_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0 && errno == EAGAIN) {
      return;
    }
    if (got <= 0) {
      ours_.reset();
      return;
    }
    partial_.append(buffer.data(), static_cast<std::size_t>(got));
    for (auto end = partial_.find('\n'); end != std::string::npos; end = partial_.find('\n')) {
      lines_.push_back(partial_.substr(0, end));
      partial_.erase(0, end + 1);
    }
  }
}

bool ControlChannel::has_event() {
  drain();
  return !lines_.empty();
}

std::optional<ControlEvent> ControlChannel::next_event() {
  drain();
  if (lines_.empty()) {
    return std::nullopt;
  }
  const Json line = parse_json_or_null(lines_.front());
  lines_.pop_front();
  if (!line.is_object() || !line.contains("event") || !line["event"].is_string()) {
    return ControlEvent{"?", std::nullopt};
  }
  ControlEvent event{line["event"].get<std::string>(), std::nullopt};
  if (line.contains("monotonic_ns") && line["monotonic_ns"].is_number_integer()) {
    event.at = TimePoint(Nanoseconds(line["monotonic_ns"].get<std::int64_t>()));
  }
  return event;
}

void ControlChannel::release() {
  if (ours_) {
    const ssize_t ignored = ::send(ours_.get(), "\n", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    static_cast<void>(ignored);  // a generator that is gone needs no release
  }
}

namespace {

// A window that is a number of requests has no length of its own.
constexpr Nanoseconds kLongestCount = std::chrono::minutes(10);

// How long fanin-load waits after the warm-up for the first reply of every connection.
constexpr Nanoseconds kFirstReplies = std::chrono::seconds(10);

// How long to wait until the server has accepted all connections: most of the warm-up is needed for other readings. At
// the end of the window fanin-load waits for 10 s.
constexpr int kSettlingShareOfWarmup = 4;
constexpr Nanoseconds kSettlingTimeoutAtEnd = std::chrono::seconds(5);

Launch make_launch(const RoundContext& context, const ServerUnderTest& server, const Cell& cell, std::uint64_t seed,
                   int control_fd) {
  Launch launch;
  launch.argv = {context.programs.load, server.target()};
  const std::vector<std::string> workload = cell.workload.load_arguments();
  launch.argv.insert(launch.argv.end(), workload.begin(), workload.end());
  launch.argv.insert(launch.argv.end(), {"--warmup", cell.warmup.text(), "--seed", std::to_string(seed)});
  if (!cell.workload.counts_requests()) {
    launch.argv.insert(launch.argv.end(), {"--duration", format_duration(cell.duration)});
  }
  launch.argv.insert(launch.argv.end(), {"--json", "-", "--quiet", "--server-pid", std::to_string(server.root()),
                                         "--control", std::to_string(control_fd)});
  launch.cpus = context.placement.client_cpus;
  launch.pass_descriptor = control_fd;
  launch.keep_stdout = Output::Keep::kAll;
  launch.directory = context.directory;
  return launch;
}

Json number_or_null(const std::optional<std::uint64_t>& value) { return value ? Json(*value) : Json(nullptr); }

Json scale(std::uint64_t count, double factor) { return std::llround(static_cast<double>(count) * factor); }

Json scale(Nanoseconds duration, double factor) { return std::llround(static_cast<double>(duration.count()) * factor); }

}  // namespace

LoadRun::LoadRun(const RoundContext& context, ServerUnderTest& server, const Cell& cell, std::uint64_t seed)
    : server_(server),
      time_limit_(cell.warmup.longest() + kFirstReplies +
                  (cell.workload.counts_requests() ? kLongestCount : cell.duration) + setup_limit(cell) +
                  context.generator_margin),
      monitor_(server.process().reaper()),
      only_memory_(asks_about_memory(cell)),
      settling_timeout_(only_memory_ ? kSettlingTimeoutAtEnd : cell.warmup.length / kSettlingShareOfWarmup),
      netstat_before_(read_netstat()),
      kernel_stack_size_(read_kernel_stack_size()),
      slab_before_(read_slab_bytes()),
      process_(make_launch(context, server, cell, seed, control_.generator_end())) {
  control_.close_generator_end();
}

void LoadRun::on_established() {
  if (only_memory_) {
    return;
  }
  // Before discover(), because looking at a task under /proc takes kernel memory: about 7 KB for each (6.18).
  slab_connected_ = read_settled_slab_bytes(settling_timeout_);
  monitor_.discover();
}

void LoadRun::open_window() {
  cpu_opened_read_at_ = now();
  if (!only_memory_) {
    cpu_opened_ = monitor_.read_cpu_of_known_tasks();
    switches_opened_ = monitor_.switches();
  }
  machine_opened_ = read_machine_cpu();
}

// The generator holds all its connections and sends nothing until it is released, so there is time to look around.
void LoadRun::close_window() {
  machine_closed_ = read_machine_cpu();
  if (only_memory_) {
    slab_connected_ = read_settled_slab_bytes(settling_timeout_);
  } else {
    cpu_closed_ = monitor_.read_cpu_of_tree();
    switches_closed_ = monitor_.switches();
    if (!monitor_.has_same_tasks()) {
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
    on_established();
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
      throw RoundFailure(server_.describe_end());
    }
    while (const auto event = control_.next_event()) {
      handle(*event);
    }
  }
  collect_result();
}

std::string LoadRun::note() const {
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
    const std::string last_line = process_.err().last_line();
    throw GeneratorFailure(fmt::format("fanin-load gave no result: {}{}{}", status.text(),
                                       last_line.empty() ? "" : ": ", last_line.substr(0, 500)));
  }
  if (status.signal != 0) {
    throw GeneratorFailure(fmt::format("fanin-load ended with {}", status.text()));
  }
}

// The first reading comes late, because the harness waits for the CPU that the generator keeps busy. The last one may,
// because the load has ended. So a difference covers a little less than the window, and is scaled to all of it. Empty
// if it covers less than half of the window.
std::optional<double> LoadRun::scale_factor(TimePoint read_at) const {
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
  const auto factor = scale_factor(cpu_opened_read_at_);
  if (cpu_opened_ && cpu_closed_ && factor) {
    const CpuUse use = subtract_cpu(*cpu_opened_, *cpu_closed_);
    server["cpu_ns"] = scale(use.total, *factor);
    server["cpu_user_ns"] = use.user ? scale(*use.user, *factor) : Json(nullptr);
    server["cpu_system_ns"] = use.system ? scale(*use.system, *factor) : Json(nullptr);
    server["cpu_per_request_ns"] = per_reply_in_window(server["cpu_ns"], result_);
  }
  if (cpu_opened_ && opened_at_) {
    server["read_late_ns"] = Nanoseconds(cpu_opened_read_at_ - *opened_at_).count();
  }
  if (switches_opened_ && switches_closed_ && factor) {
    server["voluntary_switches"] = scale(switches_closed_->voluntary - switches_opened_->voluntary, *factor);
    server["involuntary_switches"] = scale(switches_closed_->involuntary - switches_opened_->involuntary, *factor);
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
  const MachineUse use = subtract_readings(machine_opened_, machine_closed_);
  const auto factor = scale_factor(machine_opened_.at);
  Json slab = nullptr;
  if (slab_before_ && slab_connected_) {
    slab = static_cast<std::int64_t>(*slab_connected_) - static_cast<std::int64_t>(*slab_before_);
  }
  const Json busy = use.cpu_busy && factor ? scale(*use.cpu_busy, *factor) : Json(nullptr);
  return {{"cpu_busy_ns", busy},
          {"cpu_per_request_ns", per_reply_in_window(busy, result_)},
          {"steal_ns", use.steal && factor ? scale(*use.steal, *factor) : Json(nullptr)},
          {"slab_bytes", slab},
          {"netstat", use.netstat}};
}

}  // namespace fanin::harness
