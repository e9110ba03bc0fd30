// A byte stream has no message boundaries: requests arrive in any pieces.
#include <gtest/gtest.h>

#include <array>

#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/running_server.h"

namespace fanin::conformance {
namespace {

constexpr std::size_t kShortRequest = 12;

// Would catch: wrong replies, lost or extra bytes, or counters that disagree with the clients.
void round_trips(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target);
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  for (std::uint32_t number = 0; number < 3; ++number) {
    Client client(server.address(), *protocol, number);
    round_trip(client);
    if (!protocol->one_request_per_connection()) {
      round_trip(client, 2);
    }
    sent += client.bytes_sent();
    received += client.bytes_received();
  }
  const Counters counters = server.stop();
  EXPECT_EQ(counters.get("connections", "accepted"), 3u);
  EXPECT_EQ(counters.refused(), 0u);
  EXPECT_EQ(counters.get("bytes", "received"), sent);
  if (!target.setup.broadcasts) {  // a member that has just left may still get output
    EXPECT_EQ(counters.get("bytes", "sent"), received);
  }
}

// Would catch: one read taken for one request. The request is cut at every point, and the server has read the first
// part before the second is sent.
void every_split(const Target& target) {
  const auto protocol = target.client_half(kShortRequest);
  RunningServer server(target);
  const std::size_t cuts = protocol->request_bytes() - 1;
  const std::size_t group = target.at_once(cuts);
  for (std::size_t first = 0; first < cuts; first += group) {
    auto clients = connect_many(std::min(group, cuts - first), server.address(), *protocol);
    for (std::size_t i = 0; i < clients.size(); ++i) {
      clients[i].ask();
      clients[i].send_some(first + i + 1);
    }
    wait_until_read(clients, server.address());
    drive(clients, "the second part", [](const Client& client) { return client.answered_all(); });
  }
  server.stop();
}

// Would catch: a server that needs a whole request in one read.
void one_byte_at_a_time(const Target& target) {
  const auto protocol = target.client_half(kShortRequest);
  RunningServer server(target);
  std::array<Client, 1> client{Client(server.address(), *protocol, 0)};
  client[0].ask();
  while (!client[0].sent_all()) {
    client[0].send_some(1);
    wait_until_read(client, server.address());
  }
  drive(client[0], "the reply to a trickle", [](const Client& c) { return c.answered_all(); });
  server.stop();
}

// Would catch: buffer arithmetic for large reads only, and edge-triggered servers that stop before EAGAIN: the server
// reads a byte at a time.
void tiny_reads(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target, {.options = {"--read-cap", "1"}});
  Client client(server.address(), *protocol, 0);
  round_trip(client, protocol->one_request_per_connection() ? 1 : 5);
  server.stop();
}

// Would catch: one answer per read, or replies dropped because the reply buffer is full.
void pipelined_requests(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target);
  Client client(server.address(), *protocol, 0);
  round_trip(client, target.setup.burst);  // 4000 are 250 KB, several times every buffer of the server
  round_trip(client, 1);
  server.stop();
}

// Would catch: a server that waits for a whole message before it reads on, stops sending when the socket is full, or
// (edge-triggered) does not drain: client and server write and read at the same time.
void large_message(const Target& target) {
  const auto protocol = target.client_half(1 << 20);
  RunningServer server(target);
  Client client(server.address(), *protocol, 0);
  round_trip(client);
  server.stop();
}

}  // namespace

std::span<const Case> stream_cases() {
  static constexpr Case kCases[] = {
      {"RoundTrips", true, is_any, round_trips},
      {"EverySplit", true, has_requests, every_split},
      {"OneByteAtATime", true, has_requests, one_byte_at_a_time},
      {"TinyReads", true, has_requests, tiny_reads},
      {"PipelinedRequests", true, keeps_connections, pipelined_requests},
      {"LargeMessage", true, has_requests, large_message},
  };
  return kCases;
}

}  // namespace fanin::conformance
