// How connections end: half-closed, immediately, by reset, by the server.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <string>

#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/process.h"
#include "servers/conformance/target.h"

namespace fanin::conformance {
namespace {

// Would catch: a half-close ends the connection, and the reply is dropped.
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

// SIGTERM: input that has arrived is answered, and no peer delays the end.

namespace {

// Longer than any timeout of the suite: a server that uses it up fails the case.
constexpr const char* kEndlessTimeout = "600s";

bool has_ended(const Client& client) { return client.ended(); }

// Would catch: a stop drops requests in socket buffers. The server is paused while the requests and the signal arrive,
// so that it sees both at once.
void drain_answers_what_arrived(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target, {.options = {"--drain-timeout", kEndlessTimeout}});
  auto clients = connect_many(target.at_once(16), server.address(), *protocol);
  round_trip(clients);
  {
    const Paused paused(server.pid());
    for (Client& client : clients) {
      client.ask(20);
      client.send_some();
    }
    wait_until("the requests arrive", [&] {
      return std::all_of(clients.begin(), clients.end(),
                         [](const Client& client) { return client.sent_all() && client.acknowledged(); });
    });
    server.send_signal(SIGTERM);
  }
  drive(clients, "the replies after SIGTERM", has_ended);
  for (const Client& client : clients) {
    EXPECT_EQ(client.answered(), client.asked()) << "connection " << client.number();
    EXPECT_EQ(client.ending(), Client::Ending::kOrderly) << "connection " << client.number();
  }
  server.finish();
}

// Would catch: a stop that hangs, crashes or miscounts under load: each client sends the next request after each reply,
// before and after the signal, until the server closes.
void drain_under_load(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target, {.options = {"--drain-timeout", kEndlessTimeout}});
  auto clients = connect_many(target.at_once(32), server.address(), *protocol);
  const auto asked_often = [](const Client& client) { return client.asked() >= 20; };
  const Deadline deadline;
  bool signalled = false;
  do {
    if (!signalled && std::all_of(clients.begin(), clients.end(), asked_often)) {
      server.send_signal(SIGTERM);
      signalled = true;
    }
    for (Client& client : clients) {
      if (!client.ended() && client.answered_all()) {
        client.ask();
        client.send_some();
      }
    }
  } while (step(clients, "replies under load", has_ended, deadline) > 0);
  std::uint64_t received = 0;
  for (const Client& client : clients) {
    received += client.bytes_received();
  }
  EXPECT_GE(server.finish().get("bytes", "sent"), received);
}

// Would catch: a stop waits for idle peers, or SIGINT is ignored.
void drain_with_idle_connections(const Target& target) {
  const auto protocol = target.client_half();
  for (const int signal : {SIGTERM, SIGINT}) {
    RunningServer server(target, {.options = {"--drain-timeout", kEndlessTimeout}});
    auto idle = connect_many(target.at_once(20), server.address(), *protocol);
    if (!protocol->one_request_per_connection()) {
      round_trip(idle);  // now they have been accepted
    }
    server.send_signal(signal);
    const Counters counters = server.finish();
    EXPECT_LE(counters.get("connections", "accepted"), idle.size());
  }
}

// Would catch: a stop waits for ever for a peer that does not read its reply.
void drain_with_unread_reply(const Target& target) {
  const auto protocol = target.client_half(16);
  RunningServer server(target, {.options = {"--drain-timeout", "100ms"}});
  NonReadingClient non_reader(server.address(), *protocol, 0, 64 << 20);
  non_reader.push_until_blocked();
  server.stop();
}

}  // namespace

std::span<const Case> drain_cases() {
  static constexpr Case kCases[] = {
      {"DrainAnswersWhatArrived", true, keeps_connections, drain_answers_what_arrived},
      {"DrainUnderLoad", true, keeps_connections, drain_under_load},
      {"DrainWithIdleConnections", true, is_any, drain_with_idle_connections},
      {"DrainWithUnreadReply", true, keeps_connections, drain_with_unread_reply},
  };
  return kCases;
}

}  // namespace fanin::conformance
