// Several ports, worker processes, addresses.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <system_error>

#include "net/affinity.h"
#include "os/temporary_directory.h"
#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/process.h"
#include "servers/conformance/target.h"

namespace fanin::conformance {
namespace {

bool has_worker_processes(const Target& target) { return is_default_protocol(target) && target.model.worker_processes; }
// A sanitizer may have its own thread.
bool has_one_thread(const Target& target) {
  return is_default_and_keeps(target) && target.model.one_thread && !kSanitized;
}
bool can_listen_on_several_ports(const Target& target) { return target.several_ports; }

bool machine_has_ipv6() {
  try {
    net::listen_on(net::Address::parse("::1", 0), {});
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

// Would catch: a server does not replace its dead workers, until none is left.
void killed_workers_are_replaced(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target);
  stable_footprint(server.pid());  // all workers run
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

// Would catch: a server waits on its first listener only.
void several_ports(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target, {.options = {"--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0"}});
  ASSERT_GE(server.addresses().size(), 2u);
  for (int round = 0; round < 3; ++round) {
    for (const net::Address& address : server.addresses()) {
      expect_service(address, *protocol);
    }
  }
  const Counters counters = server.stop();
  EXPECT_EQ(counters.get("connections", "accepted"), 3 * server.addresses().size());
}

// Would catch: a model assumes IPv4, or cannot share a listener that has no port.
void other_kinds_of_addresses(const Target& target) {
  const auto protocol = target.client_half();
  const std::string name = fmt::format("unix:@fanin-conformance-{}-{}", target.model.name, ::getpid());
  std::vector<std::string> kinds{name};
  if (machine_has_ipv6()) {
    kinds.emplace_back("[::1]:0");
  }
  for (const std::string& address : kinds) {
    RunningServer server(target, {.options = {"--listen", address}});
    for (int round = 0; round < 3; ++round) {
      expect_service(server.address(), *protocol);
    }
    const Counters counters = server.stop();
    EXPECT_EQ(counters.get("connections", "accepted"), 3u) << address;
  }
}

// Would catch: a socket file left behind, or removed by one of the processes while the server runs.
void socket_files_live_as_long_as_their_server(const Target& target) {
  const auto protocol = target.client_half();
  const os::TemporaryDirectory folder;
  const std::filesystem::path path = std::filesystem::path(folder.path()) / "socket";
  RunningServer server(target, {.options = {"--listen", "unix:" + path.string()}});
  for (int round = 0; round < 2; ++round) {
    expect_service(server.address(), *protocol);
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  server.stop();
  EXPECT_FALSE(std::filesystem::exists(path));
}

// Would catch: a row of the model table claims one thread where there are several, and so ThreadSanitizer skips the
// model.
void one_thread_for_each_process(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target);
  auto clients = connect_many(target.at_once(20), server.address(), *protocol);
  round_trip(clients);
  const Footprint busy = footprint(server.pid());
  EXPECT_EQ(busy.threads, busy.processes);
  server.stop();
}

bool has_a_bound(const Target& target) { return is_default_and_keeps(target) && target.model.concurrency; }

// Would catch: a waiting connection is lost: all slots are taken, further connections send requests, and the slots
// become free.
void waiting_connections_are_served(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target);
  auto first = connect_many(*target.model.concurrency, server.address(), *protocol);
  round_trip(first);
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

bool distributes_connections(const Target& target) {
  return is_default_and_keeps(target) && target.model.accepts_in_workers;
}

// Would catch: connections that no worker counts, or an order that disagrees with the counts.
void connections_are_counted_by_worker(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target, {.options = {"--workers", "3"}});
  for (int i = 0; i < 6; ++i) {
    expect_service(server.address(), *protocol);
  }
  const Counters counters = server.stop();
  const std::vector<std::uint64_t> by_worker = counters.list("connections_by_worker");
  const std::vector<std::uint64_t> order = counters.list("workers_in_order");
  ASSERT_EQ(by_worker.size(), 3u);
  ASSERT_EQ(order.size(), 6u);
  for (std::uint64_t worker = 0; worker < by_worker.size(); ++worker) {
    EXPECT_EQ(by_worker[worker], static_cast<std::uint64_t>(std::count(order.begin(), order.end(), worker)));
  }
}

}  // namespace

std::span<const Case> topology_cases() {
  static constexpr Case kCases[] = {
      {"KilledWorkersAreReplaced", false, has_worker_processes, killed_workers_are_replaced},
      {"ConnectionsAreCountedByWorker", false, distributes_connections, connections_are_counted_by_worker},
      {"WaitingConnectionsAreServed", true, has_a_bound, waiting_connections_are_served},
      {"OneThreadForEachProcess", false, has_one_thread, one_thread_for_each_process},
      {"OtherKindsOfAddresses", false, can_listen_on_several_ports, other_kinds_of_addresses},
      {"SocketFilesLiveAsLongAsTheirServer", false, is_default_protocol, socket_files_live_as_long_as_their_server},
      {"SeveralPorts", true, can_listen_on_several_ports, several_ports},
  };
  return kCases;
}

// --processes: several processes run the same model, each with its own listeners and descriptor limit.

namespace {

const std::vector<std::string> kTwoProcesses{"--processes", "2"};

// On one CPU a model has one worker, and so one listener per process. Otherwise the first process gets more than half
// of the connections until the other one has opened as many listeners.
std::vector<std::string> two_even_processes() {
  return {"--processes", "2", "--cpus", std::to_string(net::allowed_cpus().front())};
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
