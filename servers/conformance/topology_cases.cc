// More than one of a thing: ports, worker processes, places.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/process_tree.h"
#include "servers/conformance/running_server.h"

namespace fanin::conformance {
namespace {

bool has_worker_processes(const Subject& subject) { return is_home(subject) && subject.model.worker_processes; }
// A sanitizer may have a thread of its own.
bool has_one_thread(const Subject& subject) {
  return is_home_and_keeps(subject) && subject.model.one_thread && !kSanitized;
}
bool can_listen_on_several_ports(const Subject& subject) { return subject.several_ports; }

bool machine_has_ipv6() {
  try {
    listen_on(Address::parse("::1", 0), {});
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

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

// Would catch a model that takes its sockets for IPv4's, or that cannot share a listener which has no port to share.
void other_kinds_of_addresses(const Subject& subject) {
  const auto protocol = subject.client_half();
  const std::string name = fmt::format("unix:@fanin-conformance-{}-{}", subject.model.name, ::getpid());
  std::vector<std::string> kinds{name};
  if (machine_has_ipv6()) {
    kinds.emplace_back("[::1]:0");
  }
  for (const std::string& address : kinds) {
    RunningServer server(subject, {.options = {"--listen", address}});
    for (int round = 0; round < 3; ++round) {
      expect_service(server.address(), *protocol);
    }
    const Counters counters = server.stop();
    EXPECT_EQ(counters.get("connections", "accepted"), 3u) << address;
  }
}

// Would catch a socket file that a server leaves behind, or that one of its processes removes while it serves.
void socket_files_live_as_long_as_their_server(const Subject& subject) {
  const auto protocol = subject.client_half();
  std::string folder = std::filesystem::temp_directory_path() / "fanin-conformance-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::filesystem::path path = std::filesystem::path(folder) / "socket";
  RunningServer server(subject, {.options = {"--listen", "unix:" + path.string()}});
  for (int round = 0; round < 2; ++round) {
    expect_service(server.address(), *protocol);
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  server.stop();
  EXPECT_FALSE(std::filesystem::exists(path));
  std::filesystem::remove_all(folder);
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
      {"OtherKindsOfAddresses", false, can_listen_on_several_ports, other_kinds_of_addresses},
      {"SocketFilesLiveAsLongAsTheirServer", false, is_home, socket_files_live_as_long_as_their_server},
      {"SeveralPorts", true, can_listen_on_several_ports, several_ports},
  };
  return kCases;
}

}  // namespace fanin::conformance
