// More than one of a thing: ports, worker processes, places.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/process_tree.h"
#include "servers/conformance/running_server.h"

namespace fanin {
namespace {

bool has_worker_processes(const Subject& subject) { return is_home(subject) && subject.model.worker_processes; }
// A sanitizer may have a thread of its own.
bool has_one_thread(const Subject& subject) {
  return is_home_and_keeps(subject) && subject.model.one_thread && !kSanitized;
}
bool can_listen_on_several_ports(const Subject& subject) { return subject.several_ports; }

// Would catch a server whose workers are made once: those that die leave it smaller each time until nobody answers.
void killed_workers_are_replaced(const Subject& subject) {
  const auto protocol = subject.client_half();
  RunningServer server(subject);
  settled_footprint(server.pid());  // all workers are there
  const auto before = process_tree(server.pid());
  ASSERT_GT(before.size(), 1u) << "no worker processes";
  for (const pid_t pid : before) {
    if (pid != server.pid()) {
      ::kill(pid, SIGKILL);
    }
  }
  wait_until("as many workers as before, all of them new", [&] {
    const auto after = process_tree(server.pid());
    return after.size() >= before.size() && std::none_of(after.begin(), after.end(), [&](pid_t pid) {
             return pid != server.pid() && std::find(before.begin(), before.end(), pid) != before.end();
           });
  });
  expect_service(server.address(), *protocol);
  server.stop();
}

// Would catch a server that waits on its first listener only.
void several_ports(const Subject& subject) {
  const auto protocol = subject.client_half();
  RunningServer server(subject, {.options = {"--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0"}});
  ASSERT_GE(server.addresses().size(), 2u);
  for (int round = 0; round < 3; ++round) {
    for (const Address& address : server.addresses()) {
      expect_service(address, *protocol);
    }
  }
  const Counters counters = server.stop();
  EXPECT_EQ(counters.get("connections", "accepted"), 3 * server.addresses().size());
}

// Would catch a row of the model table that claims one thread where there are several: ThreadSanitizer would never see
// that model.
void one_thread_for_each_process(const Subject& subject) {
  const auto protocol = subject.client_half();
  RunningServer server(subject);
  auto clients = connect_many(subject.at_once(20), server.address(), *protocol);
  converse(clients);
  const Footprint busy = footprint(server.pid());
  EXPECT_EQ(busy.threads, busy.processes);
  server.stop();
}

bool has_a_bound(const Subject& subject) { return is_home_and_keeps(subject) && subject.model.concurrency; }

// Would catch a connection that waits for its turn and is then forgotten: all places are taken, further ones come and
// ask, and the places become free.
void waiting_connections_are_served(const Subject& subject) {
  const auto protocol = subject.client_half();
  RunningServer server(subject);
  auto first = connect_many(*subject.model.concurrency, server.address(), *protocol);
  converse(first);
  auto waiting = connect_many(20, server.address(), *protocol, 1000);
  for (Client& client : waiting) {
    client.ask();
    client.send_some();
  }
  for (Client& client : first) {
    client.close();
  }
  for (Client& client : waiting) {
    drive(client, "the reply to one that had to wait", [](const Client& c) { return c.answered_all(); });
    client.close();
  }
  server.stop();
}

}  // namespace

std::span<const Case> topology_cases() {
  static constexpr Case kCases[] = {
      {"KilledWorkersAreReplaced", false, has_worker_processes, killed_workers_are_replaced},
      {"WaitingConnectionsAreServed", true, has_a_bound, waiting_connections_are_served},
      {"OneThreadForEachProcess", false, has_one_thread, one_thread_for_each_process},
      {"SeveralPorts", true, can_listen_on_several_ports, several_ports},
  };
  return kCases;
}

}  // namespace fanin
