// How connections end: half-closed, immediately, by reset, by the server.
#include <gtest/gtest.h>

#include <string>

#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/running_server.h"

namespace fanin::conformance {
namespace {

// Would catch: a half-close is taken for the end of the connection, and the reply is dropped.
void half_close_then_reply(const Target& target) {
  RunningServer server(target);
  for (const std::size_t size : {std::size_t{64}, std::size_t{1} << 20}) {
    const auto protocol = target.client_half(size);
    Client client(server.address(), *protocol, 0);
    client.ask();
    client.half_close();
    drive(client, "the reply after a half-close", [](const Client& c) { return c.ended(); });
    EXPECT_TRUE(client.answered_all());
    EXPECT_EQ(client.ending(), Client::Ending::kOrderly);
  }
  server.stop();
}

// Would catch: a server exits, leaks or loops when a peer closes before or just after its first request.
void closes_at_once(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target);
  for (int i = 0; i < 30; ++i) {
    Client(server.address(), *protocol, 0).close();
    Client(server.address(), *protocol, 1).reset();
    Client hasty(server.address(), *protocol, 2);
    hasty.ask();
    hasty.send_some();
    hasty.close();
  }
  expect_service(server.address(), *protocol);
  server.stop();
}

// Would catch: SIGPIPE, or an error of one connection, ends the server: the peer resets during a long reply.
void reset_in_the_middle_of_a_reply(const Target& target) {
  const auto protocol = target.client_half(16);
  RunningServer server(target);
  for (std::uint32_t i = 0; i < 10; ++i) {
    Client client(server.address(), *protocol, i, 4096);
    client.ask(65536);
    client.send_some();
    drive(client, "the start of a long reply", [](const Client& c) { return c.bytes_received() > 0; });
    client.reset();
  }
  expect_service(server.address(), *protocol);
  server.stop();
}

// Would catch: close() with unread input, after which the kernel sends RST and may discard a greeting in flight.
void greeting_survives_unread_input(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target);
  for (std::uint32_t i = 0; i < 20; ++i) {
    Client client(server.address(), *protocol, i);
    client.ask();
    client.ask_raw(std::string(1024, 'x'));
    drive(client, "a greeting", [](const Client& c) { return c.ended(); });
    EXPECT_TRUE(client.answered_all());
    EXPECT_EQ(client.ending(), Client::Ending::kOrderly);
  }
  server.stop();
}

}  // namespace

std::span<const Case> closing_cases() {
  static constexpr Case kCases[] = {
      {"HalfCloseThenReply", true, keeps_connections, half_close_then_reply},
      {"ClosesAtOnce", true, is_any, closes_at_once},
      {"ResetInTheMiddleOfAReply", true, keeps_connections, reset_in_the_middle_of_a_reply},
      {"GreetingSurvivesUnreadInput", true, is_greeting, greeting_survives_unread_input},
  };
  return kCases;
}

}  // namespace fanin::conformance
