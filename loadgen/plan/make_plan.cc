#include "loadgen/plan/make_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "loadgen/plan/option_table.h"
#include "loadgen/plan/protocol_options.h"
#include "os/quantity.h"

namespace fanin::load {
namespace {

void set_target(const LoadOptions& options, LoadPlan& plan) {
  const auto resolved = options.addresses.find(options.target);
  plan.target = resolved != options.addresses.end() ? resolved->second : Address::parse_target(options.target);
  if (!options.allow_remote) {
    refuse_remote(plan.target);
  }
}

void set_connecting(const LoadOptions& options, LoadPlan& plan) {
  if (options.connecting) {
    const auto count = parse_count(*options.connecting);  // nothing: all
    plan.connecting = count ? static_cast<std::uint32_t>(*count) : plan.connections + plan.idle;
  }
}

void set_connections(const LoadOptions& options, LoadPlan& plan) {
  plan.driver = choose_driver(options.driver, std::nullopt).kind;
  const bool loops = has_event_loops(plan.driver);
  const std::int64_t connections = options.connections.value_or(loops ? 10 : 20);
  if (!loops && connections > kMaxBlockingThreads) {
    refuse(fmt::format("--connections {} is out of range: give 1 to {} with the threads driver", connections,
                       kMaxBlockingThreads));
  }
  plan.connections = static_cast<std::uint32_t>(connections);
  if (!loops && options.threads && *options.threads != plan.connections) {
    refuse("--threads is the number of event loops: the threads driver takes one thread per connection");
  }
  plan.threads = loops ? static_cast<unsigned>(options.threads.value_or(1)) : static_cast<unsigned>(plan.connections);
  if (plan.threads > plan.connections) {
    refuse(fmt::format("{} threads for {} connections: give --connections of at least --threads", plan.threads,
                       plan.connections));
  }
  plan.idle = static_cast<std::uint32_t>(options.idle);
  plan.verify_idle = options.verify_idle;
  set_connecting(options, plan);
}

void set_close(const LoadOptions& options, LoadPlan& plan) {
  constexpr std::array kKinds{CloseKind::kFin, CloseKind::kRst, CloseKind::kServer};
  plan.close =
      *std::find_if(kKinds.begin(), kKinds.end(), [&](CloseKind each) { return close_name(each) == options.close; });
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
  if (plan.target.is_unix()) {
    refuse("--timestamps needs TCP, a Unix-domain socket has none: leave it out");
  }
}

std::optional<std::uint64_t> check_pace(const char* option, const std::optional<std::int64_t>& rate,
                                        const LoadPlan& plan) {
  if (rate && !has_event_loops(plan.driver)) {
    refuse(fmt::format("{} needs event loops: choose --driver epoll, or leave it to fanin-load", option));
  }
  return rate;
}

void set_trickle(const LoadOptions& options, LoadPlan& plan) {
  plan.trickle = options.trickle.value_or(Nanoseconds(0));
  if (options.trickle && plan.request_bytes < 2) {
    refuse("--trickle needs requests of at least two bytes, since it never sends the last one: give --payload-bytes");
  }
}

// How slowly connections send and read. Protocol and loop must have been set.
void set_pace(const LoadOptions& options, LoadPlan& plan) {
  plan.send_bytes_per_s = check_pace("--send-bytes-per-s", options.send_rate, plan);
  plan.read_bytes_per_s = check_pace("--read-bytes-per-s", options.read_rate, plan);
  plan.receive_buffer_bytes = options.receive_buffer;
  set_trickle(options, plan);
}

}  // namespace

LoadPlan make_plan(const LoadOptions& given) {
  const LoadOptions options = without_url(given);
  check_options(options);
  LoadPlan plan;
  plan.given_counts = given_counts(options);
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
  plan.seed = static_cast<std::uint64_t>(options.seed);
  if (options.server_pids.size() > 1) {
    refuse(fmt::format("{} --server-pid for one target: give one", options.server_pids.size()));
  }
  if (!options.server_pids.empty()) {
    plan.server = {.roots = {static_cast<pid_t>(options.server_pids.front())}, .given = true};
  }
  return plan;
}

}  // namespace fanin::load
