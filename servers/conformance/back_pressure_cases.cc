// Back-pressure: unread replies must not accumulate in the server.
#include <gtest/gtest.h>

#include <csignal>
#include <vector>

#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/process.h"
#include "servers/conformance/target.h"

namespace fanin::conformance {
namespace {

constexpr std::uint64_t kFlood = 48 << 20;  // bytes that a peer tries to send
// Far below the bytes that several peers send, and enough for a buffer pool that a server fills once.
constexpr std::uint64_t kFloodAllowance = 24 << 20;

void expect_bounded_memory(const RunningServer& server, std::uint64_t before) {
  if (!kSanitized) {
    EXPECT_LE(footprint(server.pid()).memory_bytes, before + kFloodAllowance);
  }
}

// Would catch: an unbounded output buffer, a blocking send() in an event loop, or replies lost on resumption: peers
// send requests and read nothing while others are served.
void slow_reader(const Target& target) {
  const auto protocol = target.client_half(16);
  RunningServer server(target);
  const std::size_t slow = target.at_once(8) < 8 ? 1 : 2;
  auto healthy = connect_many(target.at_once(50 + slow) - slow, server.address(), *protocol, 1000);
  round_trip(healthy);
  const std::uint64_t before = footprint(server.pid()).memory_bytes;
  std::vector<NonReadingClient> non_readers;
  non_readers.reserve(slow);
  for (std::uint32_t i = 0; i < slow; ++i) {
    non_readers.emplace_back(server.address(), *protocol, i, kFlood);
  }
  for (bool going = true; going;) {
    going = false;
    for (NonReadingClient& non_reader : non_readers) {
      going |= non_reader.push();
    }
    round_trip(healthy);
  }
  expect_bounded_memory(server, before);
  for (NonReadingClient& non_reader : non_readers) {
    if (&non_reader == &non_readers.front() || !target.setup.balanced) {
      non_reader.client().reset();
    } else {
      drive(non_reader.client(), "the replies to a slow reader",
            [](const Client& client) { return client.answered_all(); });
    }
  }
  round_trip(healthy);
  server.stop();
}

// Would catch: a server that keeps the input of a peer that only sends.
void flood(const Target& target) {
  const auto protocol = target.client_half(kFlood);
  RunningServer server(target);
  const std::uint64_t before = footprint(server.pid()).memory_bytes;
  Client client(server.address(), *protocol, 0);
  client.ask();
  drive(client, "the server reads on", [](const Client& c) { return c.bytes_sent() > kFlood / 2; });
  expect_bounded_memory(server, before);
  drive(client, "the end of a flood", [](const Client& c) { return c.answered_all(); });
  EXPECT_EQ(server.stop().get("bytes", "received"), client.bytes_sent());
}

// Would catch: a server shuts a non-reading member down and then waits for an event of that peer: signal-driven I/O
// reports no shutdown by the program itself, so the connection would stay for ever.
void deaf_member_is_closed(const Target& target) {
  const auto protocol = target.client_half(4000);
  RunningServer server(target);
  Client speaker(server.address(), *protocol, 0);
  round_trip(speaker);
  const std::size_t before = stable_footprint(server.pid()).descriptors;
  Client deaf(server.address(), *protocol, 1, 4096);
  round_trip(deaf);
  wait_until("the server closes the connection of a member that does not read", [&] {
    round_trip(speaker, 100);
    return footprint(server.pid()).descriptors <= before;
  });
  round_trip(speaker);
  server.stop();
}

bool broadcasts(const Target& target) { return target.setup.broadcasts && target.at_once(2) == 2; }
bool piles_up_replies(const Target& target) { return keeps_connections(target) && !target.setup.broadcasts; }
bool half_closes(const Target& target) { return target.client_half()->half_closes(); }

}  // namespace

std::span<const Case> slow_reader_cases() {
  static constexpr Case kCases[] = {
      {"SlowReader", false, piles_up_replies, slow_reader},
      {"DeafMemberIsClosed", false, broadcasts, deaf_member_is_closed},
      {"Flood", false, half_closes, flood},
  };
  return kCases;
}

// Many expensive requests in one read: other connections are served meanwhile, and the server can be stopped.

namespace {

// One read full of one-byte requests: more work than any timeout of the suite, unless --work is short.
constexpr std::size_t kBatchRequests = 16384;

bool burns_cpu(const Target& target) { return target.protocol->name == "work"; }
bool burns_cpu_for_several(const Target& target) { return burns_cpu(target) && target.at_once(2) == 2; }

RunningServer start_with_work(Target target, const char* work) {
  target.setup.server_options = {"--work", work};
  return RunningServer(target, {.options = {"--drain-timeout", "100ms"}});
}

bool was_answered(const Client& client) { return client.answered() > 0; }

// Would catch: a model finishes a whole read before it serves others; 16,384 requests of 5 ms blocked the other
// connections of a loop for 82 s.
void others_are_served_during_a_batch(const Target& target) {
  const auto protocol = target.client_half(1);
  RunningServer server = start_with_work(target, "5ms");
  auto busy = connect_many(target.at_once(5) - 1, server.address(), *protocol);
  for (Client& client : busy) {
    client.ask(kBatchRequests);
  }
  drive(busy, "the first replies to batches", was_answered);
  Client other(server.address(), *protocol, 1000);
  round_trip(other);
  for (const Client& client : busy) {
    EXPECT_FALSE(client.answered_all()) << "connection " << client.number();
  }
  server.stop();
}

// Would catch: the rest of a batch is lost, or done twice, at the end of a step.
void a_batch_is_answered_in_full(const Target& target) {
  const auto protocol = target.client_half(16);
  RunningServer server = start_with_work(target, "100us");
  auto clients = connect_many(target.at_once(3), server.address(), *protocol);
  for (Client& client : clients) {
    client.ask(200);
    client.half_close();
  }
  drive(clients, "the replies to a batch", [](const Client& client) { return client.ended(); });
  for (const Client& client : clients) {
    EXPECT_EQ(client.answered(), client.asked());
    EXPECT_EQ(client.ending(), Client::Ending::kOrderly);
  }
  server.stop();
}

// Would catch: a stop waits for a batch or for a single request, beyond --drain-timeout.
void a_batch_does_not_hold_up_the_stop(const Target& target) {
  const auto protocol = target.client_half(1);
  for (const char* work : {"5ms", "10m"}) {
    RunningServer server = start_with_work(target, work);
    auto clients = connect_many(target.at_once(4), server.address(), *protocol);
    for (Client& client : clients) {
      client.ask(kBatchRequests);
    }
    drive(clients, "the batches arrive", [](const Client& c) { return c.sent_all() && c.acknowledged(); });
    server.stop();
  }
}

// Would catch: a server waits for ever for a worker process in SIGSTOP.
void stopped_workers_are_killed(const Target& target) {
  const auto protocol = target.client_half();
  std::vector<std::string> options{"--drain-timeout", "100ms"};
  if (target.model.replicates) {
    options.insert(options.end(), {"--processes", "2"});
  }
  RunningServer server(target, {.options = options});
  Client client(server.address(), *protocol, 0);
  round_trip(client);
  stable_footprint(server.pid());  // all workers run
  std::vector<pid_t> workers = process_tree(server.pid());
  std::erase(workers, server.pid());
  for (const pid_t worker : workers) {
    ::kill(worker, SIGSTOP);
  }
  EXPECT_EQ(server.stop().get("workers", "killed"), workers.size());
}

}  // namespace

std::span<const Case> batch_cases() {
  static constexpr Case kCases[] = {
      {"OthersAreServedDuringABatch", false, burns_cpu_for_several, others_are_served_during_a_batch},
      {"ABatchIsAnsweredInFull", false, burns_cpu, a_batch_is_answered_in_full},
      {"ABatchDoesNotHoldUpTheStop", false, burns_cpu, a_batch_does_not_hold_up_the_stop},
      {"StoppedWorkersAreKilled", false, is_default_and_keeps, stopped_workers_are_killed},
  };
  return kCases;
}

}  // namespace fanin::conformance
