// --processes: several processes run the same model, each with listeners and a limit on descriptors of its own.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "net/affinity.h"
#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/process_tree.h"
#include "servers/conformance/running_server.h"

namespace fanin::conformance {
namespace {

const std::vector<std::string> kTwoProcesses{"--processes", "2"};

// On one CPU a model has one worker, and so one listener in each process. Otherwise the process that is up first gets
// more than its half, until the other one has opened as many.
std::vector<std::string> two_even_processes() {
  return {"--processes", "2", "--cpus", std::to_string(allowed_cpus().front())};
}

bool replicates(const Subject& subject) { return is_home_and_keeps(subject) && subject.model.replicates; }

bool steers(const Subject& subject) { return is_home_and_keeps(subject) && subject.model.steers; }

// The processes that serve: all of the tree but its root.
std::vector<pid_t> replicas_of(const RunningServer& server) {
  std::vector<pid_t> replicas = process_tree(server.pid());
  std::erase(replicas, server.pid());
  return replicas;
}

std::size_t sockets_of(pid_t pid) {
  std::size_t sockets = 0;
  for (const auto& entry : std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", pid))) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
    sockets += target.rfind("socket:", 0) == 0 ? 1 : 0;
  }
  return sockets;
}

// Would catch processes that share a listener, or of which one gets all connections, a request that a stop forgets in
// one of them, and counts of one process that never reach the parent's line. The kernel spreads by a hash, so each gets
// 100 of 200 with a standard deviation of 7.
void connections_spread_over_processes(const Subject& subject) {
  const auto protocol = subject.client_half();
  RunningServer server(subject, {.options = two_even_processes()});
  auto clients = connect_many(200, server.address(), *protocol);
  converse(clients);
  const auto replicas = replicas_of(server);
  EXPECT_EQ(replicas.size(), 2u);
  for (const pid_t replica : replicas) {
    EXPECT_GT(sockets_of(replica), 40u);
  }
  {
    const Paused paused(server.pid());
    for (Client& client : clients) {
      client.ask();
      client.send_some();
    }
    wait_until("the requests arrive", [&] {
      return std::all_of(clients.begin(), clients.end(), [](const Client& client) { return client.acknowledged(); });
    });
    server.send_signal(SIGTERM);
  }
  drive(clients, "the replies after SIGTERM", &Client::ended);
  std::uint64_t received = 0;
  for (const Client& client : clients) {
    EXPECT_TRUE(client.answered_all()) << "connection " << client.number();
    received += client.bytes_received();
  }
  const Counters counters = server.finish();
  EXPECT_EQ(counters.get("connections", "accepted"), clients.size());
  EXPECT_EQ(counters.get("bytes", "sent"), received);
}

// Would catch processes that share one table of descriptors: 300 connections do not fit under a limit of 256, but do
// under twice that, where each process gets 150 with a standard deviation of 9.
void descriptors_count_for_each_process(const Subject& subject) {
  const auto protocol = subject.client_half();
  RunningServer server(subject, {.options = two_even_processes(), .descriptor_limit = 256});
  auto clients = connect_many(300, server.address(), *protocol);
  converse(clients);
  EXPECT_EQ(server.stop().get("connections", "refused_descriptors"), 0u);
}

// Would catch a server that goes on with one process fewer after each crash, and one that does not tell.
void killed_processes_are_replaced(const Subject& subject) {
  const auto protocol = subject.client_half();
  RunningServer server(subject, {.options = kTwoProcesses});
  wait_until("both processes run", [&] { return replicas_of(server).size() == 2; });
  const auto before = replicas_of(server);
  for (const pid_t pid : before) {
    ::kill(pid, SIGKILL);
  }
  wait_until("two new processes", [&] {
    const auto after = replicas_of(server);
    return after.size() == 2 && std::none_of(after.begin(), after.end(), [&](pid_t pid) {
             return std::find(before.begin(), before.end(), pid) != before.end();
           });
  });
  auto clients = connect_many(20, server.address(), *protocol);
  converse(clients);
  EXPECT_EQ(server.stop().get("workers", "replaced"), 2u);
}

// Would catch: --steer has no effect: by hash each process would get half of them, with a standard deviation of 2.
void one_clients_connections_go_to_one_process(const Subject& subject) {
  const auto protocol = subject.client_half();
  RunningServer server(subject, {.options = {"--processes", "2", "--steer", "source-ip"}});
  wait_until("both processes run", [&] { return replicas_of(server).size() == 2; });
  auto clients = connect_many(20, server.address(), *protocol);
  converse(clients);
  std::vector<std::size_t> sockets;
  for (const pid_t replica : replicas_of(server)) {
    sockets.push_back(sockets_of(replica));
  }
  ASSERT_EQ(sockets.size(), 2u);
  EXPECT_EQ(std::max(sockets[0], sockets[1]), std::min(sockets[0], sockets[1]) + clients.size());
  EXPECT_EQ(server.stop().get("connections", "accepted"), clients.size());
}

}  // namespace

std::span<const Case> replica_cases() {
  static constexpr Case kCases[] = {
      {"ConnectionsSpreadOverProcesses", true, replicates, connections_spread_over_processes},
      {"DescriptorsCountForEachProcess", false, replicates, descriptors_count_for_each_process},
      {"KilledProcessesAreReplaced", false, replicates, killed_processes_are_replaced},
      {"OneClientsConnectionsGoToOneProcess", false, steers, one_clients_connections_go_to_one_process},
  };
  return kCases;
}

}  // namespace fanin::conformance
