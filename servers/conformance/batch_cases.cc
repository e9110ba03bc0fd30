// Many expensive requests in one read: other connections are served meanwhile, and the server can be stopped.
#include <gtest/gtest.h>

#include <csignal>

#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/process_tree.h"
#include "servers/conformance/running_server.h"

namespace fanin::conformance {
namespace {

// One read full of one-byte requests: more work than any timeout of the suite, unless --work is short.
constexpr std::size_t kBatchRequests = 16384;

bool burns_cpu(const Target& target) { return target.protocol->name == "work"; }
bool burns_cpu_for_several(const Target& target) { return burns_cpu(target) && target.at_once(2) == 2; }

RunningServer start_with_work(Target target, const char* work) {
  target.setup.server_options = {"--work", work};
  return RunningServer(target, {.options = {"--drain-timeout", "100ms"}});
}

bool was_answered(const Client& client) { return client.answered() > 0; }

// Would catch: a model finishes a whole read before it serves others; 16,384 requests of 5 ms blocked the other
// connections of a loop for 82 s.
void others_are_served_during_a_batch(const Target& target) {
  const auto protocol = target.client_half(1);
  RunningServer server = start_with_work(target, "5ms");
  auto busy = connect_many(target.at_once(5) - 1, server.address(), *protocol);
  for (Client& client : busy) {
    client.ask(kBatchRequests);
  }
  drive(busy, "the first replies to batches", was_answered);
  Client other(server.address(), *protocol, 1000);
  round_trip(other);
  for (const Client& client : busy) {
    EXPECT_FALSE(client.answered_all()) << "connection " << client.number();
  }
  server.stop();
}

// Would catch: the rest of a batch is lost, or done twice, at the end of a step.
void a_batch_is_answered_in_full(const Target& target) {
  const auto protocol = target.client_half(16);
  RunningServer server = start_with_work(target, "100us");
  auto clients = connect_many(target.at_once(3), server.address(), *protocol);
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

// Would catch: a stop waits for a batch or for a single request, beyond --drain-timeout.
void a_batch_does_not_hold_up_the_stop(const Target& target) {
  const auto protocol = target.client_half(1);
  for (const char* work : {"5ms", "10m"}) {
    RunningServer server = start_with_work(target, work);
    auto clients = connect_many(target.at_once(4), server.address(), *protocol);
    for (Client& client : clients) {
      client.ask(kBatchRequests);
    }
    drive(clients, "the batches arrive", [](const Client& c) { return c.sent_all() && c.acknowledged(); });
    server.stop();
  }
}

// Would catch: a server waits for ever for a worker process in SIGSTOP.
void stopped_workers_are_killed(const Target& target) {
  const auto protocol = target.client_half();
  std::vector<std::string> options{"--drain-timeout", "100ms"};
  if (target.model.replicates) {
    options.insert(options.end(), {"--processes", "2"});
  }
  RunningServer server(target, {.options = options});
  Client client(server.address(), *protocol, 0);
  round_trip(client);
  settled_footprint(server.pid());  // all workers run
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
      {"StoppedWorkersAreKilled", false, is_default_and_keeps, stopped_workers_are_killed},
  };
  return kCases;
}

}  // namespace fanin::conformance
