// A byte stream has no message borders: requests arrive in any pieces.
#include <gtest/gtest.h>

#include <array>

#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/running_server.h"

namespace fanin::conformance {
namespace {

constexpr std::size_t kShortRequest = 12;

// Would catch a server that answers wrongly, loses or invents bytes, or whose own counts disagree with what its clients
// saw.
void conversation(const Subject& subject) {
  const auto protocol = subject.client_half();
  RunningServer server(subject);
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  for (std::uint32_t number = 0; number < 3; ++number) {
    Client client(server.address(), *protocol, number);
    converse(client);
    if (!protocol->one_request_per_connection()) {
      converse(client, 2);
    }
    sent += client.bytes_sent();
    received += client.bytes_received();
  }
  const Counters counters = server.stop();
  EXPECT_EQ(counters.get("connections", "accepted"), 3u);
  EXPECT_EQ(counters.refused(), 0u);
  EXPECT_EQ(counters.get("bytes", "received"), sent);
  if (!subject.setup.broadcasts) {  // a member that has just left may still be sent to
    EXPECT_EQ(counters.get("bytes", "sent"), received);
  }
}

// Would catch a parser that takes one read for one request: the request is cut at every point, and the server has
// certainly read the first part before the second is sent.
void every_split(const Subject& subject) {
  const auto protocol = subject.client_half(kShortRequest);
  RunningServer server(subject);
  const std::size_t cuts = protocol->request_bytes() - 1;
  const std::size_t group = subject.at_once(cuts);
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

// Would catch a server that needs a whole request, or a whole anything, in one read.
void one_byte_at_a_time(const Subject& subject) {
  const auto protocol = subject.client_half(kShortRequest);
  RunningServer server(subject);
  std::array<Client, 1> client{Client(server.address(), *protocol, 0)};
  client[0].ask();
  while (!client[0].sent_all()) {
    client[0].send_some(1);
    wait_until_read(client, server.address());
  }
  drive(client[0], "the reply to a trickle", [](const Client& c) { return c.answered_all(); });
  server.stop();
}

// Would catch buffer arithmetic that only holds for large reads, and edge-triggered servers that stop before EAGAIN:
// the server may read no more than a byte at a time.
void tiny_reads(const Subject& subject) {
  const auto protocol = subject.client_half();
  RunningServer server(subject, {.options = {"--read-cap", "1"}});
  Client client(server.address(), *protocol, 0);
  converse(client, protocol->one_request_per_connection() ? 1 : 5);
  server.stop();
}

// Would catch a server that answers one request per read, or drops what did not fit into its reply buffer.
void pipelined_requests(const Subject& subject) {
  const auto protocol = subject.client_half();
  RunningServer server(subject);
  Client client(server.address(), *protocol, 0);
  converse(client, subject.setup.burst);  // 4000 are 250 KB in one write, several times every buffer of the server
  converse(client, 1);
  server.stop();
}

// Would catch a server that waits for a whole message before it reads on, that stops sending when the socket is full,
// or (edge-triggered) does not drain: client and server write and read at the same time.
void large_message(const Subject& subject) {
  const auto protocol = subject.client_half(1 << 20);
  RunningServer server(subject);
  Client client(server.address(), *protocol, 0);
  converse(client);
  server.stop();
}

}  // namespace

std::span<const Case> stream_cases() {
  static constexpr Case kCases[] = {
      {"Conversation", true, is_any, conversation},
      {"EverySplit", true, has_requests, every_split},
      {"OneByteAtATime", true, has_requests, one_byte_at_a_time},
      {"TinyReads", true, has_requests, tiny_reads},
      {"PipelinedRequests", true, keeps_connections, pipelined_requests},
      {"LargeMessage", true, has_requests, large_message},
  };
  return kCases;
}

}  // namespace fanin::conformance
