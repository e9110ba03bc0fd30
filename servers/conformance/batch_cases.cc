// Many expensive requests in one read: the other connections go on meanwhile.
#include <gtest/gtest.h>

#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/running_server.h"

namespace fanin {
namespace {

// As many bytes as one read takes, each a request: more work than the suite waits for anything, unless --work is short.
constexpr std::size_t kBatch = 16384;

bool burns_cpu(const Subject& subject) { return subject.protocol->name == "work"; }
bool burns_cpu_for_several(const Subject& subject) { return burns_cpu(subject) && subject.at_once(2) == 2; }

RunningServer start_with_work(Subject subject, const char* work) {
  subject.setup.server_options = {"--work", work};
  return RunningServer(subject, {.options = {"--drain-grace", "100ms"}});
}

bool was_answered(const Client& client) { return client.answered() > 0; }

// Would catch a model that works off a whole read before it looks at anybody else: 16,384 requests of 5 ms kept the
// other connections of a loop waiting for 82 s.
void others_are_served_during_a_batch(const Subject& subject) {
  const auto protocol = subject.client_half(1);
  RunningServer server = start_with_work(subject, "5ms");
  auto busy = connect_many(subject.at_once(5) - 1, server.address(), *protocol);
  for (Client& client : busy) {
    client.ask(kBatch);
  }
  drive(busy, "the first replies to batches", was_answered);
  Client other(server.address(), *protocol, 1000);
  converse(other);
  for (const Client& client : busy) {
    EXPECT_FALSE(client.answered_all()) << "connection " << client.number();
  }
  server.stop();
}

// Would catch a batch of which the rest is forgotten where one step of a connection ends, or done twice.
void a_batch_is_answered_in_full(const Subject& subject) {
  const auto protocol = subject.client_half(16);
  RunningServer server = start_with_work(subject, "100us");
  auto clients = connect_many(subject.at_once(3), server.address(), *protocol);
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

}  // namespace

std::span<const Case> batch_cases() {
  static constexpr Case kCases[] = {
      {"OthersAreServedDuringABatch", false, burns_cpu_for_several, others_are_served_during_a_batch},
      {"ABatchIsAnsweredInFull", false, burns_cpu, a_batch_is_answered_in_full},
  };
  return kCases;
}

}  // namespace fanin
