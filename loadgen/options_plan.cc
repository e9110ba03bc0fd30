// From what the command line says to a checked plan.
#include <fmt/format.h>

#include <stdexcept>

#include "loadgen/option_checks.h"
#include "loadgen/options.h"
#include "loadgen/options_protocol.h"
#include "loadgen/options_schedule.h"

namespace fanin {
namespace {

constexpr std::int64_t kMostConnections = 10'000'000;
constexpr std::int64_t kMostBlockingThreads = 20'000;

void set_target(const LoadOptions& options, LoadPlan& plan) {
  plan.target = Address::parse_target(options.target);
  if (!plan.target.is_loopback() && !options.allow_remote) {
    refuse(fmt::format("{} is not on this machine: add --allow-remote if you may put load on it", plan.target.text()));
  }
}

void set_connections(const LoadOptions& options, LoadPlan& plan) {
  if (options.driver != "epoll" && options.driver != "threads") {
    refuse(fmt::format("unknown driver '{}': choose one of epoll, threads", options.driver));
  }
  plan.driver = options.driver == "epoll" ? DriverKind::kEpoll : DriverKind::kThreads;
  const bool epoll = plan.driver == DriverKind::kEpoll;
  const std::int64_t most = epoll ? kMostConnections : kMostBlockingThreads;
  plan.connections =
      static_cast<std::uint32_t>(in_range("--connections", options.connections.value_or(epoll ? 10 : 20), 1, most));
  if (!epoll && options.threads && *options.threads != plan.connections) {
    refuse("--threads belongs to the epoll driver: the threads driver takes one thread per connection");
  }
  plan.threads = epoll ? static_cast<unsigned>(in_range("--threads", options.threads.value_or(1), 1, 1024))
                       : static_cast<unsigned>(plan.connections);
  if (plan.threads > plan.connections) {
    refuse(fmt::format("{} threads for {} connections: give --connections of at least --threads", plan.threads,
                       plan.connections));
  }
  plan.idle = static_cast<std::uint32_t>(in_range("--idle", options.idle, 0, kMostConnections));
}

}  // namespace

LoadPlan make_plan(const LoadOptions& options) {
  LoadPlan plan;
  set_target(options, plan);
  set_connections(options, plan);
  set_protocol(options, plan);
  set_loop(options, plan);
  set_times(options, plan);
  if (options.close != "fin" && options.close != "rst") {
    refuse(fmt::format("--close {} is unknown: choose fin or rst", options.close));
  }
  plan.close = options.close == "fin" ? CloseKind::kFin : CloseKind::kRst;
  plan.seed = options.seed;
  if (options.server_pid) {
    plan.server_pid = static_cast<pid_t>(in_range("--server-pid", *options.server_pid, 1, 1 << 30));
  }
  return plan;
}

void check_head_room(const LoadPlan& plan, std::uint64_t descriptor_limit, bool tables_per_thread) {
  constexpr std::uint64_t kReserve = 32;  // standard streams, result file, /proc, control socket, spare
  const bool epoll = plan.driver == DriverKind::kEpoll;
  const std::uint64_t overhead = kReserve + 2 * (epoll && !tables_per_thread ? plan.threads : 1);
  const std::uint64_t all = std::uint64_t{plan.connections} + plan.idle;
  std::uint64_t together = all;  // in the fullest table
  if (tables_per_thread) {
    together =
        epoll ? share_of(plan.connections, 0, plan.threads) + share_of(plan.idle, 0, plan.threads) : plan.idle + 1;
  }
  if (together + overhead <= descriptor_limit) {
    return;
  }
  const std::uint64_t fit = descriptor_limit > overhead ? descriptor_limit - overhead : 0;
  refuse(fmt::format(
      "{} connections do not fit: {} may hold {} descriptors and needs {}; raise the hard limit (ulimit "
      "-Hn, LimitNOFILE=, /etc/security/limits.conf){} or ask for fewer",
      all, tables_per_thread ? "a thread" : "this process", descriptor_limit, together + overhead,
      tables_per_thread && epoll && fit > 2 ? fmt::format(", give --threads {}", (all + fit - 3) / (fit - 2)) : ""));
}

}  // namespace fanin
