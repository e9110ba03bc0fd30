// Many connections at once.
#include <gtest/gtest.h>

#include <algorithm>

#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/process.h"
#include "servers/conformance/target.h"

namespace fanin::conformance {
namespace {

bool is_default_without_limit(const Target& target) {
  return is_default_and_keeps(target) && !target.model.max_descriptor;
}

bool is_default_with_room_for_a_few(const Target& target) {
  return is_default_and_keeps(target) && target.at_once(5) == 5;
}

// Under sanitizers a process or a thread per connection costs megabytes and milliseconds: returns fewer.
std::size_t affordable(std::size_t wanted, const RunningServer& server, const Target& target) {
  if (!kSanitized) {
    return wanted;
  }
  const auto protocol = target.client_half();
  const Footprint before = footprint(server.pid());
  auto probe = connect_many(target.at_once(20), server.address(), *protocol);
  round_trip(probe);
  const bool one_each = footprint(server.pid()).threads >= before.threads + probe.size();
  return one_each ? wanted / 20 : wanted;
}

// Would catch: tables of a fixed size, events lost when more are ready than one wait returns, and more receives than
// provided buffers: the server is paused until all have sent.
void serve_many(const Target& target, std::size_t wanted, std::size_t payload) {
  const auto protocol = target.client_half(payload);
  RunningServer server(target);
  const std::size_t count = target.at_once(affordable(wanted, server, target));
  if (net::raise_descriptor_limit() < count + 100) {
    GTEST_SKIP() << "needs " << count + 100 << " descriptors in this process: raise `ulimit -n`";
  }
  auto clients = connect_many(count, server.address(), *protocol);
  round_trip(clients);
  {
    const Paused paused(server.pid());
    for (Client& client : clients) {
      client.ask();
      client.send_some();
    }
  }
  drive(clients, "replies to all at once", [](const Client& client) { return client.answered_all(); });
  const Counters counters = server.stop();
  EXPECT_EQ(counters.refused(), 0u);
  EXPECT_GE(counters.get("connections", "accepted"), count);
}

void two_thousand_connections(const Target& target) { serve_many(target, 2000, 64); }

void all_send_at_once(const Target& target) { serve_many(target, 3000, 8192); }

// Would catch: a limit checked against a stale count (simultaneous connections slip through), a refusal by not
// accepting, or a limit that never admits again.
void max_connections(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target, {.options = {"--max-connections", "3"}});
  std::vector<Client> clients;
  {
    const Paused paused(server.pid());
    clients = connect_many(10, server.address(), *protocol);
    for (Client& client : clients) {
      client.ask();
      client.send_some();
    }
  }
  drive(clients, "an answer or a refusal", &Client::answered_or_ended);
  const auto served =
      std::partition(clients.begin(), clients.end(), [](const Client& client) { return !client.ended(); });
  EXPECT_EQ(served - clients.begin(), 3);
  std::uint64_t refused = static_cast<std::uint64_t>(clients.end() - served);
  clients.erase(served, clients.end());
  round_trip(clients);
  clients.front().close();
  wait_until("a free slot is reused", [&] {
    Client late(server.address(), *protocol, 100);
    late.ask();
    late.send_some();
    drive(late, "an answer or a refusal", &Client::answered_or_ended);
    refused += late.answered_all() ? 0 : 1;
    return late.answered_all();
  });
  EXPECT_EQ(server.stop().get("connections", "refused_max_connections"), refused);
}

bool is_default_with_signal_queue(const Target& target) {
  return is_default_and_keeps(target) && target.model.signal_queue;
}

// Would catch: signal-driven I/O that trusts its queue, which is full after one signal: later connections and requests
// are lost.
void signal_queue_overflow(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target, {.options = {"--signal-queue", "1"}});
  auto clients = connect_many(100, server.address(), *protocol);
  round_trip(clients);
  {
    const Paused paused(server.pid());
    for (Client& client : clients) {
      client.ask();
      client.send_some();
    }
  }
  drive(clients, "all replies with a queue of one signal", [](const Client& client) { return client.answered_all(); });
  EXPECT_GT(server.stop().get("signals", "overflows"), 0u);
}

}  // namespace

std::span<const Case> many_connections_cases() {
  static constexpr Case kCases[] = {
      {"TwoThousandConnections", false, is_default_without_limit, two_thousand_connections},
      {"AllSendAtOnce", false, is_default_without_limit, all_send_at_once},
      {"MaxConnections", false, is_default_with_room_for_a_few, max_connections},
      {"SignalQueueOverflow", true, is_default_with_signal_queue, signal_queue_overflow},
  };
  return kCases;
}

}  // namespace fanin::conformance
