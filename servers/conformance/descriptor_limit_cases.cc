// When descriptors run out: the process's own limit, and that of a model.
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
constexpr std::size_t kCrowd = 400;
constexpr double kIdleShare = 0.1;  // of one CPU

bool still_open(const Client& client) { return !client.ended(); }

bool is_home_with_limit(const Subject& subject) {
  return is_home_and_keeps(subject) && subject.model.max_descriptor.has_value();
}

bool is_home_or_opens_descriptors(const Subject& subject) {
  return is_home_and_keeps(subject) || subject.setup.opens_descriptors;
}

// Takes the connections that the server has closed out of `clients` and returns how many they were.
std::size_t remove_refused(std::vector<Client>& clients) {
  for (Client& client : clients) {
    if (still_open(client)) {
      client.receive_some();  // those behind a bounded model's first ones have not been looked at yet
    }
  }
  const auto refused = std::partition(clients.begin(), clients.end(), still_open);
  const auto count = static_cast<std::size_t>(clients.end() - refused);
  clients.erase(refused, clients.end());
  return count;
}

// The share of a CPU that the server takes while nobody asks for anything.
double cpu_share_of_a_quiet_second(const RunningServer& server) {
  const Nanoseconds before = cpu_time(server.pid());
  const TimePoint start = now();
  ::poll(nullptr, 0, 1000);
  return std::chrono::duration<double>(cpu_time(server.pid()) - before) / (now() - start);
}

// New connections are tried until one is served. Returns how many were refused.
std::size_t refusals_until_served(const RunningServer& server, ClientProtocol& protocol, Nanoseconds patience) {
  std::size_t refused = 0;
  wait_until(
      "a new connection is served after others have closed",
      [&] {
        Client late(server.address(), protocol, 5000);
        late.ask();
        drive(late, "an answer or a refusal", &Client::answered_or_ended, patience);
        refused += late.answered_all() ? 0 : 1;
        return late.answered_all();
      },
      patience);
  return refused;
}

// Would catch a server that ends on EMFILE, or spins because accept() fails before it looks at the queue and the
// listener stays ready, or that leaves the peers hanging, or that never recovers, or whose protocol gives up what it
// has opened before when it cannot look at it again (http refused a file that it had in memory).
void descriptor_exhaustion(const Subject& subject) {
  const auto protocol = subject.client_half();
  RunningServer server(subject, {.descriptor_limit = kDescriptors});
  expect_service(server.address(), *protocol);  // what replies are made of is opened
  auto clients = connect_many(kCrowd, server.address(), *protocol);
  for (Client& client : clients) {
    client.ask();
    client.send_some();
  }
  // Those that a bounded model serves are the first in the queue.
  const auto decided = std::span(clients).first(subject.at_once(kCrowd));
  drive(decided, "an answer or a refusal", &Client::answered_or_ended);
  if (!subject.model.spins) {
    EXPECT_LT(cpu_share_of_a_quiet_second(server), kIdleShare) << "it spins";
  }
  std::size_t refused = remove_refused(clients);
  EXPECT_GT(clients.size(), 0u);
  const auto served = std::span(clients).first(subject.at_once(clients.size()));
  converse(served);
  // A bounded model has others waiting before the new one: they all go.
  const std::size_t leaving = subject.model.concurrency ? clients.size() : clients.size() / 4;
  for (std::size_t i = 0; i < leaving; ++i) {
    clients[i].reset();
  }
  refused += refusals_until_served(server, *protocol, kSanitized ? kPatience : std::chrono::seconds(1));
  const Counters counters = server.stop();
  EXPECT_EQ(counters.get("connections", "refused_descriptors"), refused);
}

// Would catch FD_SET beyond FD_SETSIZE, which is undefined behaviour, and a server that stops serving when it meets
// the limit.
void limit_of_the_model(const Subject& subject) {
  const auto protocol = subject.client_half();
  RunningServer server(subject);
  const auto limit = static_cast<std::size_t>(*subject.model.max_descriptor);
  auto clients = connect_many(limit + 100, server.address(), *protocol);
  for (Client& client : clients) {
    client.ask();
    client.send_some();
  }
  drive(clients, "an answer or a refusal", &Client::answered_or_ended);
  std::size_t refused = remove_refused(clients);
  EXPECT_LE(clients.size(), limit + 1);
  EXPECT_GT(clients.size(), limit - 50) << "it gave up before it had to";
  converse(clients);
  for (std::size_t i = 0; i < 100; ++i) {
    clients[i].reset();
  }
  refused += refusals_until_served(server, *protocol, kPatience);
  converse(std::span(clients).subspan(100));
  EXPECT_EQ(server.stop().get("connections", "refused_fd_setsize"), refused);
}

// Would catch a listener whose own number is beyond the set, because the server was started with many descriptors open.
void listener_beyond_the_limit(const Subject& subject) {
  ChildProcess server(server_command(subject, {.inherited_descriptors = *subject.model.max_descriptor + 10}));
  EXPECT_EQ(server.wait(Deadline()), "exit status 2") << server.errors();
  EXPECT_EQ(server.errors().rfind("fanin-server: ", 0), 0u) << server.errors();
  EXPECT_EQ(server.read_all(Deadline()), "") << "it was never ready";
}

}  // namespace

std::span<const Case> descriptor_limit_cases() {
  static constexpr Case kCases[] = {
      {"DescriptorExhaustion", false, is_home_or_opens_descriptors, descriptor_exhaustion},
      {"LimitOfTheModel", false, is_home_with_limit, limit_of_the_model},
      {"ListenerBeyondTheLimit", false, is_home_with_limit, listener_beyond_the_limit},
  };
  return kCases;
}

}  // namespace fanin::conformance
