// Many expensive requests in one read: the other connections go on meanwhile, and the server can be stopped.
#include <gtest/gtest.h>

#include <csignal>

#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/process_tree.h"
#include "servers/conformance/running_server.h"

namespace fanin::conformance {
namespace {

// As many bytes as one read takes, each a request: more work than the suite waits for anything, unless --work is short.
constexpr std::size_t kBatchRequests = 16384;

bool burns_cpu(const Subject& subject) { return subject.protocol->name == "work"; }
bool burns_cpu_for_several(const Subject& subject) { return burns_cpu(subject) && subject.at_once(2) == 2; }

RunningServer start_with_work(Subject subject, const char* work) {
  subject.setup.server_options = {"--work", work};
  return RunningServer(subject, {.options = {"--drain-timeout", "100ms"}});
}

bool was_answered(const Client& client) { return client.answered() > 0; }

// Would catch a model that works off a whole read before it looks at anybody else: 16,384 requests of 5 ms kept the
// other connections of a loop waiting for 82 s.
void others_are_served_during_a_batch(const Subject& subject) {
  const auto protocol = subject.client_half(1);
  RunningServer server = start_with_work(subject, "5ms");
  auto busy = connect_many(subject.at_once(5) - 1, server.address(), *protocol);
  for (Client& client : busy) {
    client.ask(kBatchRequests);
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

// Would catch a stop that waits until a batch is done, and one that a single request holds up: neither ended within
// --drain-timeout.
void a_batch_does_not_hold_up_the_stop(const Subject& subject) {
  const auto protocol = subject.client_half(1);
  for (const char* work : {"5ms", "10m"}) {
    RunningServer server = start_with_work(subject, work);
    auto clients = connect_many(subject.at_once(4), server.address(), *protocol);
    for (Client& client : clients) {
      client.ask(kBatchRequests);
    }
    drive(clients, "the batches arrive", [](const Client& c) { return c.sent_all() && c.acknowledged(); });
    server.stop();
  }
}

// Would catch a server that waits for ever for a worker process that somebody has stopped.
void stopped_workers_are_killed(const Subject& subject) {
  const auto protocol = subject.client_half();
  std::vector<std::string> options{"--drain-timeout", "100ms"};
  if (subject.model.replicates) {
    options.insert(options.end(), {"--processes", "2"});
  }
  RunningServer server(subject, {.options = options});
  Client client(server.address(), *protocol, 0);
  converse(client);
  settled_footprint(server.pid());  // all workers are there
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
      {"StoppedWorkersAreKilled", false, is_home_and_keeps, stopped_workers_are_killed},
  };
  return kCases;
}

}  // namespace fanin::conformance
