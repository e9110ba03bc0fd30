// --processes: several processes run the same model, each with its own listeners and descriptor limit.
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

// On one CPU a model has one worker, and so one listener per process. Otherwise the first process gets more than half
// of the connections until the other one has opened as many listeners.
std::vector<std::string> two_even_processes() {
  return {"--processes", "2", "--cpus", std::to_string(allowed_cpus().front())};
}

// Connections of different processes cannot see each other, so chat refuses --processes.
bool replicates(const Target& target) {
  return is_default_and_keeps(target) && target.model.replicates && !target.setup.broadcasts;
}

bool steers(const Target& target) { return replicates(target) && target.model.steers; }

// The serving processes: the tree without its root.
std::vector<pid_t> list_replicas(const RunningServer& server) {
  std::vector<pid_t> replicas = process_tree(server.pid());
  std::erase(replicas, server.pid());
  return replicas;
}

std::size_t count_sockets(pid_t pid) {
  std::size_t sockets = 0;
  for (const auto& entry : std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", pid))) {
    std::error_code gone;
    const std::string link = std::filesystem::read_symlink(entry.path(), gone).string();
    sockets += link.rfind("socket:", 0) == 0 ? 1 : 0;
  }
  return sockets;
}

// Would catch: processes share a listener, or one gets all connections; a stop drops a request in one of them; counts
// of one process are missing. The kernel balances by a hash, so each gets 100 of 200 with a standard deviation of 7.
void connections_spread_over_processes(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target, {.options = two_even_processes()});
  auto clients = connect_many(200, server.address(), *protocol);
  round_trip(clients);
  const auto replicas = list_replicas(server);
  EXPECT_EQ(replicas.size(), 2u);
  for (const pid_t replica : replicas) {
    EXPECT_GT(count_sockets(replica), 40u);
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

// Would catch: processes share one descriptor table. 300 connections exceed a limit of 256 but not twice that; each
// process gets 150 with a standard deviation of 9.
void descriptors_count_for_each_process(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target, {.options = two_even_processes(), .descriptor_limit = 256});
  auto clients = connect_many(300, server.address(), *protocol);
  round_trip(clients);
  EXPECT_EQ(server.stop().get("connections", "refused_descriptors"), 0u);
}

// Would catch: a server does not replace crashed processes, or does not count them.
void killed_processes_are_replaced(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target, {.options = kTwoProcesses});
  wait_until("both processes run", [&] { return list_replicas(server).size() == 2; });
  const auto before = list_replicas(server);
  for (const pid_t pid : before) {
    ::kill(pid, SIGKILL);
  }
  wait_until("two new processes", [&] {
    const auto after = list_replicas(server);
    return after.size() == 2 && std::none_of(after.begin(), after.end(), [&](pid_t pid) {
             return std::find(before.begin(), before.end(), pid) != before.end();
           });
  });
  auto clients = connect_many(20, server.address(), *protocol);
  round_trip(clients);
  EXPECT_EQ(server.stop().get("workers", "replaced"), 2u);
}

// Would catch: --steer has no effect; by hash each process would get half, with a standard deviation of 2.
void one_clients_connections_go_to_one_process(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target, {.options = {"--processes", "2", "--steer", "source-ip"}});
  wait_until("both processes run", [&] { return list_replicas(server).size() == 2; });
  auto clients = connect_many(20, server.address(), *protocol);
  round_trip(clients);
  std::vector<std::size_t> sockets;
  for (const pid_t replica : list_replicas(server)) {
    sockets.push_back(count_sockets(replica));
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
