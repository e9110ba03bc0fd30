// Back-pressure: unread replies must not accumulate in the server.
#include <gtest/gtest.h>

#include <vector>

#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/non_reading_client.h"
#include "servers/conformance/process_tree.h"
#include "servers/conformance/running_server.h"

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
  const std::size_t before = settled_footprint(server.pid()).descriptors;
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

}  // namespace fanin::conformance
