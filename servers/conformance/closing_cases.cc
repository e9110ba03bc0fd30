// How connections end: half-closed, at once, by reset, by the server.
#include <gtest/gtest.h>

#include <string>

#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/running_server.h"

namespace fanin::conformance {
namespace {

// Would catch a server that takes the end of the requests for the end of the connection and drops the reply.
void half_close_then_reply(const Subject& subject) {
  RunningServer server(subject);
  for (const std::size_t size : {std::size_t{64}, std::size_t{1} << 20}) {
    const auto protocol = subject.client_half(size);
    Client client(server.address(), *protocol, 0);
    client.ask();
    client.half_close();
    drive(client, "the reply after a half-close", [](const Client& c) { return c.ended(); });
    EXPECT_TRUE(client.answered_all());
    EXPECT_EQ(client.ending(), Client::Ending::kOrderly);
  }
  server.stop();
}

// Would catch a server that ends, leaks or loops when a peer leaves before, or just after, it has said something.
void closes_at_once(const Subject& subject) {
  const auto protocol = subject.client_half();
  RunningServer server(subject);
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

// Would catch SIGPIPE, and an error of one connection that ends the server: the peer resets while most of a long reply
// is still to be sent.
void reset_in_the_middle_of_a_reply(const Subject& subject) {
  const auto protocol = subject.client_half(16);
  RunningServer server(subject);
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

// Would catch close() with input unread: the kernel then sends RST, which can destroy a greeting that is still under
// way.
void greeting_survives_unread_input(const Subject& subject) {
  const auto protocol = subject.client_half();
  RunningServer server(subject);
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
