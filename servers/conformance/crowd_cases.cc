// Many connections at once.
#include <gtest/gtest.h>

#include <algorithm>

#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/process_tree.h"
#include "servers/conformance/running_server.h"

namespace fanin::conformance {
namespace {

bool is_home_without_limit(const Subject& subject) {
  return is_home_and_keeps(subject) && !subject.model.max_descriptor;
}

bool is_home_with_room_for_a_few(const Subject& subject) {
  return is_home_and_keeps(subject) && subject.at_once(5) == 5;
}

// Under sanitizers a process or a thread per connection costs megabytes and milliseconds: fewer of them will do.
std::size_t affordable(std::size_t wanted, const RunningServer& server, const Subject& subject) {
  if (!kSanitized) {
    return wanted;
  }
  const auto protocol = subject.client_half();
  const Footprint before = footprint(server.pid());
  auto probe = connect_many(subject.at_once(20), server.address(), *protocol);
  converse(probe);
  const bool one_each = footprint(server.pid()).threads >= before.threads + probe.size();
  return one_each ? wanted / 20 : wanted;
}

// Would catch tables of a fixed size and events that are lost when more are ready than one wait returns; and for
// completion-based servers, more receives than there are buffers: the server is held still until all have sent.
void crowd(const Subject& subject, std::size_t wanted, std::size_t payload) {
  const auto protocol = subject.client_half(payload);
  RunningServer server(subject);
  const std::size_t count = subject.at_once(affordable(wanted, server, subject));
  if (raise_descriptor_limit() < count + 100) {
    GTEST_SKIP() << "needs " << count + 100 << " descriptors in this process: raise `ulimit -n`";
  }
  auto clients = connect_many(count, server.address(), *protocol);
  converse(clients);
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

void two_thousand_connections(const Subject& subject) { crowd(subject, 2000, 64); }

void all_send_at_once(const Subject& subject) { crowd(subject, 3000, 8192); }

// Would catch a limit that is checked against a count that lags behind (connections that come together slip through),
// that refuses by not accepting, or that never lets anybody in again.
void max_connections(const Subject& subject) {
  const auto protocol = subject.client_half();
  RunningServer server(subject, {.options = {"--max-connections", "3"}});
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
  converse(clients);
  clients.front().close();
  wait_until("a place that came free is given away", [&] {
    Client late(server.address(), *protocol, 100);
    late.ask();
    late.send_some();
    drive(late, "an answer or a refusal", &Client::answered_or_ended);
    refused += late.answered_all() ? 0 : 1;
    return late.answered_all();
  });
  EXPECT_EQ(server.stop().get("connections", "refused_max_connections"), refused);
}

bool is_home_with_signal_queue(const Subject& subject) {
  return is_home_and_keeps(subject) && subject.model.signal_queue;
}

// Would catch signal-driven I/O that believes its queue: it is full after one signal, and who connected or sent then is
// never heard of.
void signal_queue_overflow(const Subject& subject) {
  const auto protocol = subject.client_half();
  RunningServer server(subject, {.options = {"--signal-queue", "1"}});
  auto clients = connect_many(100, server.address(), *protocol);
  converse(clients);
  {
    const Paused paused(server.pid());
    for (Client& client : clients) {
      client.ask();
      client.send_some();
    }
  }
  drive(clients, "replies to all, of whom one had room for a signal",
        [](const Client& client) { return client.answered_all(); });
  EXPECT_GT(server.stop().get("signals", "overflows"), 0u);
}

}  // namespace

std::span<const Case> crowd_cases() {
  static constexpr Case kCases[] = {
      {"TwoThousandConnections", false, is_home_without_limit, two_thousand_connections},
      {"AllSendAtOnce", false, is_home_without_limit, all_send_at_once},
      {"MaxConnections", false, is_home_with_room_for_a_few, max_connections},
      {"SignalQueueOverflow", true, is_home_with_signal_queue, signal_queue_overflow},
  };
  return kCases;
}

}  // namespace fanin::conformance
