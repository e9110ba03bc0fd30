// From what the command line says to a checked plan.
#include <fmt/format.h>

#include <stdexcept>

#include "loadgen/escapes.h"
#include "loadgen/option_checks.h"
#include "loadgen/options.h"
#include "loadgen/options_schedule.h"
#include "protocols/registry.h"

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

// Protocol options on the command line, by name.
std::vector<std::string> given_options(const LoadOptions& options) {
  std::vector<std::string> given;
  const auto add = [&given](const char* name, bool there) {
    if (there) {
      given.emplace_back(name);
    }
  };
  add("payload-size", options.payload_bytes.has_value());
  add("payload", options.payload.has_value());
  add("suffix", options.suffix.has_value());
  add("reply", options.reply.has_value());
  add("reply-size", options.reply_bytes.has_value());
  add("path", options.path.has_value());
  add("host", options.host.has_value());
  add("request", options.request.has_value());
  add("reply-delimiter", options.reply_delimiter.has_value());
  add("expect", options.expect.has_value());
  return given;
}

void note_texts(const LoadOptions& options, LoadPlan& plan) {
  const auto note = [&plan](const char* key, const std::optional<std::string>& text) {
    if (text) {
      plan.protocol_texts.emplace_back(key, *text);
    }
  };
  note("suffix", options.suffix);
  note("reply", options.reply);
  note("path", options.path);
  note("host", options.host);
  note("request", options.request);
  note("reply_delimiter", options.reply_delimiter);
  note("expect", options.expect);
}

void set_protocol(const LoadOptions& options, LoadPlan& plan) {
  const Protocol& protocol = find_protocol(options.protocol);
  if (protocol.make_client == nullptr) {
    refuse(fmt::format("protocol '{}' has no client half: choose another", options.protocol));
  }
  refuse_other_options(fmt::format("protocol '{}'", protocol.name), protocol.client_options, given_options(options));
  if (options.payload && options.payload_bytes) {
    refuse("--payload and --payload-size contradict each other: give one");
  }
  if (options.payload && options.payload->empty()) {
    refuse("--payload is empty: give at least one byte");
  }
  constexpr std::int64_t kMostBytes = std::int64_t{64} * 1024 * 1024;
  const bool tutorial =
      plan.driver == DriverKind::kThreads && !options.payload_bytes && is_taken(protocol.client_options, "payload");
  ClientProtocolOptions client;
  client.payload_bytes = static_cast<std::size_t>(
      in_range("--payload-size", options.payload_bytes.value_or(std::int64_t{64}), 1, kMostBytes));
  client.payload = options.payload.value_or(tutorial ? "hello" : "");
  client.suffix = options.suffix.value_or(client.suffix);
  client.reply = options.reply.value_or(client.reply);
  client.path = options.path.value_or(client.path);
  client.host = options.host.value_or(client.host);
  client.request = unescape(options.request.value_or(""));
  client.reply_delimiter = unescape(options.reply_delimiter.value_or(""));
  client.expect = unescape(options.expect.value_or(""));
  if (options.reply_bytes) {
    client.reply_bytes = static_cast<std::size_t>(in_range("--reply-size", *options.reply_bytes, 1, kMostBytes));
    plan.reply_bytes = client.reply_bytes;
  }
  plan.protocol_name = options.protocol;
  plan.protocol = protocol.make_client(client);
  plan.connect_on_demand = plan.protocol->one_request_per_connection();
  if (!client.payload.empty()) {
    plan.protocol_texts.emplace_back("payload", client.payload);
  }
  note_texts(options, plan);
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
