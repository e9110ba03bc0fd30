// SIGTERM: what has arrived is answered, and nobody holds the server up.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/flooder.h"
#include "servers/conformance/process_tree.h"
#include "servers/conformance/running_server.h"

namespace fanin::conformance {
namespace {

// Longer than the suite waits for anything: where a server needs it, the case fails.
constexpr const char* kEndlessTimeout = "600s";

bool has_ended(const Client& client) { return client.ended(); }

// Would catch a stop that forgets requests which wait in the sockets: the server is held still while they arrive and
// the signal is sent, so that it sees both at once.
void drain_answers_what_arrived(const Subject& subject) {
  const auto protocol = subject.client_half();
  RunningServer server(subject, {.options = {"--drain-timeout", kEndlessTimeout}});
  auto clients = connect_many(subject.at_once(16), server.address(), *protocol);
  converse(clients);
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

// Would catch a stop that hangs, crashes or miscounts while requests keep coming: each client asks again as soon as it
// has its reply, before and after the signal, until the server closes.
void drain_under_load(const Subject& subject) {
  const auto protocol = subject.client_half();
  RunningServer server(subject, {.options = {"--drain-timeout", kEndlessTimeout}});
  auto clients = connect_many(subject.at_once(32), server.address(), *protocol);
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

// Would catch a stop that waits for idle peers to speak, and one that SIGINT does not reach.
void drain_with_idle_connections(const Subject& subject) {
  const auto protocol = subject.client_half();
  for (const int signal : {SIGTERM, SIGINT}) {
    RunningServer server(subject, {.options = {"--drain-timeout", kEndlessTimeout}});
    auto idle = connect_many(subject.at_once(20), server.address(), *protocol);
    if (!protocol->one_request_per_connection()) {
      converse(idle);  // they are accepted for certain
    }
    server.send_signal(signal);
    const Counters counters = server.finish();
    EXPECT_LE(counters.get("connections", "accepted"), idle.size());
  }
}

// Would catch a stop that waits for ever for a peer that does not read its reply.
void drain_with_unread_reply(const Subject& subject) {
  const auto protocol = subject.client_half(16);
  RunningServer server(subject, {.options = {"--drain-timeout", "100ms"}});
  Flooder flooder(server.address(), *protocol, 0, 64 << 20);
  flooder.push_to_the_end();
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
