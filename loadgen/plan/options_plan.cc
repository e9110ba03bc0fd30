// From what the command line says to a checked plan.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "loadgen/plan/option_checks.h"
#include "loadgen/plan/options.h"
#include "loadgen/plan/options_pace.h"
#include "loadgen/plan/options_protocol.h"
#include "loadgen/plan/options_schedule.h"
#include "loadgen/plan/options_target.h"
#include "os/quantity.h"

namespace fanin::load {
namespace {

constexpr std::int64_t kMaxConnections = 10'000'000;
constexpr std::int64_t kMaxBlockingThreads = 20'000;

void set_target(const LoadOptions& options, LoadPlan& plan) {
  const auto resolved = options.addresses.find(options.target);
  plan.target = resolved != options.addresses.end() ? resolved->second : Address::parse_target(options.target);
  if (!options.allow_remote) {
    refuse_remote(plan.target);
  }
}

void set_connecting(const LoadOptions& options, LoadPlan& plan) {
  if (!options.connecting) {
    return;
  }
  const std::string& text = *options.connecting;
  const std::int64_t count = text == "all" ? std::int64_t{plan.connections} + plan.idle : parse_count(text).value_or(0);
  if (text != "all" && (count < 1 || count > kMaxConnections)) {
    refuse(fmt::format("--connect-concurrency {} is out of range: give 1 to {}, or all", text, kMaxConnections));
  }
  plan.connecting = static_cast<std::uint32_t>(count);
}

void set_connections(const LoadOptions& options, LoadPlan& plan) {
  plan.driver = choose_driver(options.driver, std::nullopt).kind;
  const bool loops = has_event_loops(plan.driver);
  const std::int64_t most = loops ? kMaxConnections : kMaxBlockingThreads;
  plan.connections =
      static_cast<std::uint32_t>(in_range("--connections", options.connections.value_or(loops ? 10 : 20), 1, most));
  if (!loops && options.threads && *options.threads != plan.connections) {
    refuse("--threads is the number of event loops: the threads driver takes one thread per connection");
  }
  plan.threads = loops ? static_cast<unsigned>(in_range("--threads", options.threads.value_or(1), 1, 1024))
                       : static_cast<unsigned>(plan.connections);
  if (plan.threads > plan.connections) {
    refuse(fmt::format("{} threads for {} connections: give --connections of at least --threads", plan.threads,
                       plan.connections));
  }
  plan.idle = static_cast<std::uint32_t>(in_range("--idle-connections", options.idle, 0, kMaxConnections));
  plan.verify_idle = options.verify_idle;
  if (plan.verify_idle && plan.idle == 0) {
    refuse("--verify-idle needs --idle-connections: it serves every idle connection once");
  }
  set_connecting(options, plan);
}

void set_close(const LoadOptions& options, LoadPlan& plan) {
  constexpr std::array kKinds{CloseKind::kFin, CloseKind::kRst, CloseKind::kServer};
  const auto kind =
      std::find_if(kKinds.begin(), kKinds.end(), [&](CloseKind each) { return close_name(each) == options.close; });
  if (kind == kKinds.end()) {
    refuse(fmt::format("--close {} is unknown: choose fin, rst or server", options.close));
  }
  plan.close = *kind;
  if (plan.close == CloseKind::kServer && options.requests_per_connection.value_or(0) == 0 && !plan.asks_to_close) {
    refuse("--close server needs --requests-per-connection: else nothing says when the server is to close");
  }
}

void set_timestamps(const LoadOptions& options, LoadPlan& plan) {
  plan.timestamps = options.timestamps;
  if (!plan.timestamps) {
    return;
  }
  if (options.driver != "auto" && options.driver != driver_name(DriverKind::kEpoll)) {
    refuse(fmt::format("--timestamps is for the epoll driver, not for {}: leave --driver out", options.driver));
  }
  if (options.send_rate || options.read_rate) {
    refuse(
        "--timestamps is of whole sends and reads, --send-bytes-per-s and --read-bytes-per-s make pieces of them: "
        "leave one out");
  }
  if (plan.target.is_unix()) {
    refuse("--timestamps needs TCP, a Unix-domain socket has none: leave it out");
  }
}

}  // namespace

LoadPlan make_plan(const LoadOptions& given) {
  const LoadOptions options = without_url(given);
  LoadPlan plan;
  set_target(options, plan);
  set_connections(options, plan);
  set_protocol(options, plan);
  if (plan.verify_idle && plan.connect_on_demand) {
    refuse(fmt::format("--verify-idle needs a protocol with several requests per connection, which {} is not",
                       plan.protocol_name));
  }
  if (plan.verify_idle && plan.asks_to_close) {
    refuse("--verify-idle needs connections that stay, which --header 'Connection: close' ends: leave one out");
  }
  set_timestamps(options, plan);
  set_loop(options, plan);
  set_times(options, plan);
  set_close(options, plan);
  set_pace(options, plan);
  plan.seed = options.seed;
  if (options.server_pids.size() > 1) {
    refuse(fmt::format("{} --server-pid for one target: give one", options.server_pids.size()));
  }
  for (const std::int64_t pid : options.server_pids) {
    plan.server = {.roots = {static_cast<pid_t>(in_range("--server-pid", pid, 1, 1 << 30))}, .given = true};
  }
  return plan;
}

}  // namespace fanin::load
