// Back-pressure: what a peer does not take must not pile up in the server.
#include <gtest/gtest.h>

#include <vector>

#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/flooder.h"
#include "servers/conformance/process_tree.h"
#include "servers/conformance/running_server.h"

namespace fanin::conformance {
namespace {

constexpr std::uint64_t kFlood = 48 << 20;  // bytes that a peer tries to push into the server
// Far below what several peers push, and enough for a pool of buffers that a server fills once.
constexpr std::uint64_t kFloodAllowance = 24 << 20;

void expect_bounded_memory(const RunningServer& server, std::uint64_t before) {
  if (!kSanitized) {
    EXPECT_LE(footprint(server.pid()).memory_bytes, before + kFloodAllowance);
  }
}

// Would catch an output buffer without a limit, a blocking send() in an event loop, and a server that loses replies
// when it resumes: peers ask for more and more and read nothing while others go on being served.
void slow_reader(const Subject& subject) {
  const auto protocol = subject.client_half(16);
  RunningServer server(subject);
  const std::size_t slow = subject.at_once(8) < 8 ? 1 : 2;
  auto healthy = connect_many(subject.at_once(50 + slow) - slow, server.address(), *protocol, 1000);
  converse(healthy);
  const std::uint64_t before = footprint(server.pid()).memory_bytes;
  std::vector<Flooder> flooders;
  flooders.reserve(slow);
  for (std::uint32_t i = 0; i < slow; ++i) {
    flooders.emplace_back(server.address(), *protocol, i, kFlood);
  }
  for (bool going = true; going;) {
    going = false;
    for (Flooder& flooder : flooders) {
      going |= flooder.push();
    }
    converse(healthy);
  }
  expect_bounded_memory(server, before);
  for (Flooder& flooder : flooders) {
    if (&flooder == &flooders.front() || !subject.setup.balanced) {
      flooder.client().reset();
    } else {
      drive(flooder.client(), "the replies of a reader that was slow",
            [](const Client& client) { return client.answered_all(); });
    }
  }
  converse(healthy);
  server.stop();
}

// Would catch a server that keeps what it reads from a peer which only sends.
void flood(const Subject& subject) {
  const auto protocol = subject.client_half(kFlood);
  RunningServer server(subject);
  const std::uint64_t before = footprint(server.pid()).memory_bytes;
  Client client(server.address(), *protocol, 0);
  client.ask();
  drive(client, "the server reads on", [](const Client& c) { return c.bytes_sent() > kFlood / 2; });
  expect_bounded_memory(server, before);
  drive(client, "the end of a flood", [](const Client& c) { return c.answered_all(); });
  EXPECT_EQ(server.stop().get("bytes", "received"), client.bytes_sent());
}

// Would catch a server that sends away who does not read what the others say, and then waits for that peer to do
// something: signal-driven I/O is not told of a shutdown by the program itself, and the connection stays for ever.
void deaf_member_is_closed(const Subject& subject) {
  const auto protocol = subject.client_half(4000);
  RunningServer server(subject);
  Client speaker(server.address(), *protocol, 0);
  converse(speaker);
  const std::size_t before = settled_footprint(server.pid()).descriptors;
  Client deaf(server.address(), *protocol, 1, 4096);
  converse(deaf);
  wait_until("the server has closed the connection of a member that does not read", [&] {
    converse(speaker, 100);
    return footprint(server.pid()).descriptors <= before;
  });
  converse(speaker);
  server.stop();
}

bool broadcasts(const Subject& subject) { return subject.setup.broadcasts && subject.at_once(2) == 2; }
bool piles_up_replies(const Subject& subject) { return keeps_connections(subject) && !subject.setup.broadcasts; }
bool is_sink(const Subject& subject) { return subject.client_half()->half_closes(); }

}  // namespace

std::span<const Case> slow_reader_cases() {
  static constexpr Case kCases[] = {
      {"SlowReader", false, piles_up_replies, slow_reader},
      {"DeafMemberIsClosed", false, broadcasts, deaf_member_is_closed},
      {"Flood", false, is_sink, flood},
  };
  return kCases;
}

}  // namespace fanin::conformance
