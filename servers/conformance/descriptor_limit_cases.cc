// Out of descriptors: the limit of the process, and that of a model.
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <vector>

#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/process_tree.h"
#include "servers/conformance/running_server.h"

namespace fanin::conformance {
namespace {

constexpr std::size_t kDescriptors = 256;
constexpr std::size_t kConnections = 400;
constexpr double kIdleShare = 0.1;  // of one CPU

bool still_open(const Client& client) { return !client.ended(); }

bool is_default_with_limit(const Target& target) {
  return is_default_and_keeps(target) && target.model.max_descriptor.has_value();
}

bool is_default_or_opens_descriptors(const Target& target) {
  return is_default_and_keeps(target) || target.setup.opens_descriptors;
}

// Removes connections that the server has closed from `clients` and returns their number.
std::size_t remove_refused(std::vector<Client>& clients) {
  for (Client& client : clients) {
    if (still_open(client)) {
      client.receive_some();  // those waiting for a bounded model have not been read yet
    }
  }
  const auto refused = std::partition(clients.begin(), clients.end(), still_open);
  const auto count = static_cast<std::size_t>(clients.end() - refused);
  clients.erase(refused, clients.end());
  return count;
}

// The share of a CPU that the idle server uses.
double cpu_share_of_a_quiet_second(const RunningServer& server) {
  const Nanoseconds before = cpu_time(server.pid());
  const TimePoint start = now();
  ::poll(nullptr, 0, 1000);
  return std::chrono::duration<double>(cpu_time(server.pid()) - before) / (now() - start);
}

// Tries new connections until one is served. Returns the number of refusals.
std::size_t refusals_until_served(const RunningServer& server, ClientProtocol& protocol, Nanoseconds timeout) {
  std::size_t refused = 0;
  wait_until(
      "a new connection is served after others have closed",
      [&] {
        Client late(server.address(), protocol, 5000);
        late.ask();
        drive(late, "an answer or a refusal", &Client::answered_or_ended, timeout);
        refused += late.answered_all() ? 0 : 1;
        return late.answered_all();
      },
      timeout);
  return refused;
}

// Would catch: a server exits on EMFILE, spins because accept() fails before it looks at the queue and the listener
// stays ready, leaves peers waiting, or never recovers; or a protocol drops a file that it has in memory because it
// cannot check it (http).
void descriptor_exhaustion(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target, {.descriptor_limit = kDescriptors});
  expect_service(server.address(), *protocol);  // opens what replies need
  auto clients = connect_many(kConnections, server.address(), *protocol);
  for (Client& client : clients) {
    client.ask();
    client.send_some();
  }
  // A bounded model serves the first in the queue.
  const auto decided = std::span(clients).first(target.at_once(kConnections));
  drive(decided, "an answer or a refusal", &Client::answered_or_ended);
  if (!target.model.spins) {
    EXPECT_LT(cpu_share_of_a_quiet_second(server), kIdleShare) << "it spins";
  }
  std::size_t refused = remove_refused(clients);
  EXPECT_GT(clients.size(), 0u);
  const auto served = std::span(clients).first(target.at_once(clients.size()));
  round_trip(served);
  // With a bounded model others wait before the new connection: close them all.
  const std::size_t leaving = target.model.concurrency ? clients.size() : clients.size() / 4;
  for (std::size_t i = 0; i < leaving; ++i) {
    clients[i].reset();
  }
  refused += refusals_until_served(server, *protocol, kSanitized ? kTimeout : std::chrono::seconds(1));
  const Counters counters = server.stop();
  EXPECT_EQ(counters.get("connections", "refused_descriptors"), refused);
}

// Would catch: FD_SET beyond FD_SETSIZE (undefined behaviour), or a server that stops serving at the limit.
void limit_of_the_model(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target);
  const auto limit = static_cast<std::size_t>(*target.model.max_descriptor);
  auto clients = connect_many(limit + 100, server.address(), *protocol);
  for (Client& client : clients) {
    client.ask();
    client.send_some();
  }
  drive(clients, "an answer or a refusal", &Client::answered_or_ended);
  std::size_t refused = remove_refused(clients);
  EXPECT_LE(clients.size(), limit + 1);
  EXPECT_GT(clients.size(), limit - 50) << "it gave up before it had to";
  round_trip(clients);
  for (std::size_t i = 0; i < 100; ++i) {
    clients[i].reset();
  }
  refused += refusals_until_served(server, *protocol, kTimeout);
  round_trip(std::span(clients).subspan(100));
  EXPECT_EQ(server.stop().get("connections", "refused_fd_setsize"), refused);
}

// Would catch: a listener whose descriptor exceeds the limit, because the server inherited many descriptors.
void listener_beyond_the_limit(const Target& target) {
  ChildProcess server(server_command(target, {.inherited_descriptors = *target.model.max_descriptor + 10}));
  EXPECT_EQ(server.wait(Deadline()), "exit status 2") << server.errors();
  EXPECT_EQ(server.errors().rfind("fanin-server: ", 0), 0u) << server.errors();
  EXPECT_EQ(server.read_all(Deadline()), "") << "it was never ready";
}

}  // namespace

std::span<const Case> descriptor_limit_cases() {
  static constexpr Case kCases[] = {
      {"DescriptorExhaustion", false, is_default_or_opens_descriptors, descriptor_exhaustion},
      {"LimitOfTheModel", false, is_default_with_limit, limit_of_the_model},
      {"ListenerBeyondTheLimit", false, is_default_with_limit, listener_beyond_the_limit},
  };
  return kCases;
}

}  // namespace fanin::conformance
