#include "harness/rounds/load_run.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "harness/analysis/summary.h"
#include "harness/json/json_reader.h"
#include "harness/machine/machine.h"
#include "net/clock.h"

namespace fanin::harness {
namespace {

// A window that is a number of requests has no length of its own.
constexpr net::Nanoseconds kLongestCount = std::chrono::minutes(10);

// How long fanin-load waits after the warm-up for the first reply of every connection.
constexpr net::Nanoseconds kFirstReplies = std::chrono::seconds(10);

// How long to wait until the server has accepted all connections: most of the warm-up is needed for other readings. At
// the end of the window fanin-load waits for 10 s.
constexpr int kSettlingShareOfWarmup = 4;
constexpr net::Nanoseconds kLongestSettling = std::chrono::seconds(5);  // before the connections, and at the end

os::Launch make_launch(const RoundContext& context, const std::vector<ServerUnderTest*>& servers, const Cell& cell,
                       std::uint64_t seed, int control_fd) {
  std::vector<std::string> targets;
  for (const ServerUnderTest* server : servers) {
    targets.push_back(server->target());
  }
  os::Launch launch;
  launch.argv = generator_command(context.programs.load, targets, cell, seed);
  for (const ServerUnderTest* server : servers) {
    launch.argv.insert(launch.argv.end(), {"--server-pid", std::to_string(server->root())});
  }
  launch.argv.insert(launch.argv.end(), {"--json", "-", "--quiet", "--control", std::to_string(control_fd)});
  launch.cpus = context.placement.client_cpus;
  launch.pass_descriptor = control_fd;
  launch.keep_stdout = os::Output::Keep::kAll;
  launch.directory = context.directory;
  return launch;
}

// Slab memory before the connections. Nothing if the server does not sleep: what its calls allocate is mixed with it
// (an accept(2) that finds no connection makes a file first, and RCU frees it later).
std::optional<std::uint64_t> read_slab_before(const ServerUnderTest& server) {
  const Monitor monitor(server.process().reaper());
  const net::TimePoint began = net::now();
  const auto cpu_before = monitor.read_cpu_of_tree();
  const auto slab = read_settled_slab_bytes(Trend::kFalls, kLongestSettling);
  const auto cpu_after = monitor.read_cpu_of_tree();
  const bool sleeps =
      !cpu_before || !cpu_after || 10 * subtract_cpu(*cpu_before, *cpu_after).total < net::now() - began;
  return sleeps ? slab : std::nullopt;
}

Json number_or_null(const std::optional<std::uint64_t>& value) { return value ? Json(*value) : Json(nullptr); }

Json scale(std::uint64_t count, double factor) { return std::llround(static_cast<double>(count) * factor); }

Json scale(net::Nanoseconds duration, double factor) {
  return std::llround(static_cast<double>(duration.count()) * factor);
}

}  // namespace

std::vector<std::string> generator_command(const std::string& program, const std::vector<std::string>& targets,
                                           const Cell& cell, std::uint64_t seed) {
  const int count = static_cast<int>(targets.size());
  std::vector<std::string> argv{program};
  for (const std::string& target : targets) {
    if (count > 1) {
      argv.emplace_back("--target");
    }
    argv.push_back(target);
  }
  const std::vector<std::string> workload = cell.workload.load_arguments();
  argv.insert(argv.end(), workload.begin(), workload.end());
  argv.insert(argv.end(), {"--warmup", cell.warmup.text(count), "--seed", std::to_string(seed)});
  if (!cell.workload.counts_requests()) {
    argv.insert(argv.end(), {"--duration", net::format_duration(count * cell.duration)});
  }
  return argv;
}

std::optional<double> MeasuredWindow::scale_factor(net::TimePoint read_at) const {
  if (!opened_at || !closed_at) {
    return 1.0;
  }
  const auto window = *closed_at - *opened_at;
  const auto covered = *closed_at - read_at;
  if (window <= net::Nanoseconds::zero() || covered < window / 2) {
    return std::nullopt;
  }
  return static_cast<double>(window.count()) / static_cast<double>(covered.count());
}

// A server that forks is still at it: its queue holds connections that the generator has established.
void ServerReadings::discover(net::TimePoint deadline) {
  if (only_memory_) {
    return;
  }
  do {
    monitor_.discover();
  } while (!monitor_.has_same_tasks() && net::now() < deadline);
}

void ServerReadings::open() {
  opened_read_at_ = net::now();
  if (!only_memory_) {
    cpu_opened_ = monitor_.read_cpu_of_known_tasks();
    opened_since_boot_ = boot_time();
    switches_opened_ = monitor_.switches();
  }
}

void ServerReadings::close() {
  if (!only_memory_) {
    cpu_closed_ = monitor_.read_cpu_of_tree();
    switches_closed_ = monitor_.switches();
    const auto of_new_tasks = monitor_.switches_of_new_tasks(opened_since_boot_);
    switches_closed_ =
        switches_closed_ && of_new_tasks ? std::optional(*switches_closed_ += *of_new_tasks) : std::nullopt;
  }
  footprint_ = monitor_.footprint();
}

void ServerReadings::add_to(Json& server, const MeasuredWindow& window, const Json& load) const {
  const auto factor = window.scale_factor(opened_read_at_);
  if (cpu_opened_ && cpu_closed_ && factor) {
    const CpuUse use = subtract_cpu(*cpu_opened_, *cpu_closed_);
    server["cpu_ns"] = scale(use.total, *factor);
    server["cpu_user_ns"] = use.user ? scale(*use.user, *factor) : Json(nullptr);
    server["cpu_system_ns"] = use.system ? scale(*use.system, *factor) : Json(nullptr);
    server["cpu_per_request_ns"] = per_reply_in_window(server["cpu_ns"], load);
  }
  if (cpu_opened_ && window.opened_at) {
    server["read_late_ns"] = net::Nanoseconds(opened_read_at_ - *window.opened_at).count();
  }
  if (switches_opened_ && switches_closed_ && factor) {
    server["voluntary_switches"] = scale(switches_closed_->voluntary - switches_opened_->voluntary, *factor);
    server["involuntary_switches"] = scale(switches_closed_->involuntary - switches_opened_->involuntary, *factor);
  }
  add_memory(server);
}

void ServerReadings::add_memory(Json& server) const {
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

LoadRun::LoadRun(const RoundContext& context, std::vector<ServerUnderTest*> servers, const Cell& cell,
                 std::uint64_t seed)
    : servers_(std::move(servers)),
      time_limit_(static_cast<int>(servers_.size()) *
                      (cell.warmup.longest() + (cell.workload.counts_requests() ? kLongestCount : cell.duration) +
                       setup_limit(cell)) +
                  kFirstReplies + context.generator_margin),
      only_memory_(asks_about_memory(cell)),
      settling_timeout_(only_memory_ ? kLongestSettling : cell.warmup.length / kSettlingShareOfWarmup),
      netstat_before_(read_netstat()),
      slab_before_(is_single() ? read_slab_before(*servers_.front()) : std::nullopt),
      process_(make_launch(context, servers_, cell, seed, control_.generator_end())) {
  control_.close_generator_end();
  for (const ServerUnderTest* server : servers_) {
    readings_.emplace_back(server->process().reaper(), only_memory_);
  }
}

void LoadRun::on_established() {
  // Before discover(), because looking at a task under /proc takes kernel memory: about 7 KB for each (6.18).
  if (!only_memory_ && is_single()) {
    slab_connected_ = read_settled_slab_bytes(Trend::kGrows, settling_timeout_);
  }
  const net::TimePoint deadline = net::now() + settling_timeout_;
  for (ServerReadings& readings : readings_) {
    readings.discover(deadline);
  }
}

void LoadRun::open_window() {
  for (ServerReadings& readings : readings_) {
    readings.open();
  }
  machine_opened_ = read_machine_cpu();
}

// The generator holds all its connections and sends nothing until it is released, so there is time to look around.
void LoadRun::close_window() {
  machine_closed_ = read_machine_cpu();
  if (only_memory_ && is_single()) {
    slab_connected_ = read_settled_slab_bytes(Trend::kGrows, settling_timeout_);
  }
  for (ServerReadings& readings : readings_) {
    readings.close();
  }
  machine_closed_.netstat = read_netstat();
  machine_opened_.netstat = netstat_before_;
  control_.release();
}

void LoadRun::handle(const ControlEvent& event) {
  if (event.name == "established") {
    on_established();
  } else if (event.name == "window_open") {
    window_.opened_at = event.at;
    open_window();
  } else if (event.name == "window_close") {
    window_.closed_at = event.at;
    close_window();
  }  // further events are for others
}

void LoadRun::run(int interrupt_fd) {
  const net::TimePoint deadline = net::now() + time_limit_;
  std::vector<os::ChildProcess*> children{&process_};
  for (ServerUnderTest* server : servers_) {
    children.push_back(&server->process());
  }
  // One of several servers may end: the generator counts its errors, and the others are still measured.
  const auto server_ended = [&] { return is_single() && servers_.front()->process().status().has_value(); };
  const auto done = [&] { return server_ended() || process_.status().has_value() || control_.has_event(); };
  while (!process_.status()) {
    const os::WaitResult result = os::wait_until(children, control_.fd(), interrupt_fd, deadline, done);
    if (result == os::WaitResult::kInterrupted) {
      throw Interrupted{};
    }
    if (result == os::WaitResult::kDeadline) {
      throw RoundFailure(fmt::format("fanin-load did not end within {}", net::format_duration(time_limit_)));
    }
    if (server_ended()) {
      throw RoundFailure(servers_.front()->describe_end());
    }
    while (const auto event = control_.next_event()) {
      handle(*event);
    }
  }
  collect_result();
}

std::string LoadRun::note() const {
  return readings_.front().complete() ? "" : "fanin-load did not report its window, so the server was not read";
}

Json LoadRun::result(std::size_t server) const {
  if (is_single() || result_.is_null()) {
    return result_;
  }
  return result_.at("targets").at(server).at("result");
}

void LoadRun::collect_result() {
  const os::ExitStatus status = *process_.status();
  result_ = parse_json_or_null(process_.out().all());
  bool complete = result_.is_object() && (is_single() || (result_.value("schema", "") == "fanin-load-interleaving" &&
                                                          result_["targets"].size() == servers_.size()));
  for (std::size_t i = 0; complete && i < servers_.size(); ++i) {
    const Json one = result(i);
    complete = one.is_object() && one.value("schema", "") == "fanin-load" &&
               one.contains(Json::json_pointer("/verdict/status")) &&
               one.contains(Json::json_pointer("/requests/completed"));
  }
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

// In a unit the generator has read the server's clock between the turns of its slices: exact readings of sleeping
// servers, which belong to the requests of the slices. The harness reads it while servers run, at borders that cut
// slices.
void LoadRun::add_server_readings(std::size_t server, Json& json) const {
  readings_[server].add_to(json, window_, result(server));
  if (!is_single() && result_.is_object()) {
    const Json& target = result_.at("targets").at(server);
    if (const auto of_turns = target.find("server_cpu_per_request_ns");
        of_turns != target.end() && !of_turns->is_null()) {
      json["cpu_per_request_ns"] = *of_turns;
    }
  }
}

Json LoadRun::machine_readings() const {
  const MachineUse use = subtract_readings(machine_opened_, machine_closed_);
  const auto factor = window_.scale_factor(machine_opened_.at);
  Json slab = nullptr;
  if (slab_before_ && slab_connected_) {
    slab = static_cast<std::int64_t>(*slab_connected_) - static_cast<std::int64_t>(*slab_before_);
  }
  const Json busy = use.cpu_busy && factor && is_single() ? scale(*use.cpu_busy, *factor) : Json(nullptr);
  return {{"cpu_busy_ns", busy},
          {"cpu_per_request_ns", is_single() ? per_reply_in_window(busy, result_) : Json(nullptr)},
          {"steal_ns", use.steal && factor ? scale(*use.steal, *factor) : Json(nullptr)},
          {"slab_bytes", slab},
          {"netstat", use.netstat}};
}

}  // namespace fanin::harness
