// Reuse of descriptor numbers: the lowest free one is the next.
#include <gtest/gtest.h>

#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/process_tree.h"
#include "servers/conformance/running_server.h"

namespace fanin::conformance {
namespace {

// Would catch: an event of a closed connection reaches the one that reuses its number (no generation, or a stale
// batch). The server is paused while old connections end, others send and new ones connect, so that one wait reports
// all of it and new connections reuse numbers.
void descriptor_reuse(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target);
  std::uint32_t next_number = 0;
  auto clients = connect_many(target.at_once(16), server.address(), *protocol, next_number);
  round_trip(clients);
  for (int round = 0; round < 10; ++round) {
    {
      const Paused paused(server.pid());
      next_number += 100;
      for (std::size_t i = 0; i < clients.size(); ++i) {
        if (i % 2 == 0) {
          const bool orderly = (i / 2 + static_cast<std::size_t>(round)) % 2 == 0;
          orderly ? clients[i].close() : clients[i].reset();
          clients[i] = Client(server.address(), *protocol, next_number + static_cast<std::uint32_t>(i));
        }
        clients[i].ask(2);
        clients[i].send_some();
      }
    }
    drive(clients, "replies after descriptors were reused", [](const Client& client) { return client.answered_all(); });
    for (std::size_t i = 0; i + 1 < clients.size(); i += 2) {
      std::swap(clients[i], clients[i + 1]);  // the others end in the next round
    }
  }
  server.stop();
}

}  // namespace

std::span<const Case> reuse_cases() {
  static constexpr Case kCases[] = {
      {"DescriptorReuse", true, keeps_connections, descriptor_reuse},
  };
  return kCases;
}

}  // namespace fanin::conformance
