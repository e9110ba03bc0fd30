// What a connection took must come back when it ends.
#include <gtest/gtest.h>

#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/process_tree.h"
#include "servers/conformance/running_server.h"

namespace fanin {
namespace {

constexpr std::size_t kBatch = 200;
// A hundred bytes a connection over the 10,000: less than any object that a server keeps per connection, more than the
// allocator's own ups and downs.
constexpr std::uint64_t kMemoryAllowance = 1 << 20;

std::size_t cycles(const Subject& subject) {
  if (subject.quick) {
    return kBatch;
  }
  return kSanitized ? 1000 : 10'000;
}

// Connections that end at once; mostly by reset, so that no TIME_WAIT uses up the ports. The conversation at the end
// keeps the batch from overrunning the accept queue.
void connect_and_close(const RunningServer& server, ClientProtocol& protocol) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    Client client(server.address(), protocol, 0);
    if (i % 10 == 0) {
      client.close();
    } else {
      client.reset();
    }
  }
  expect_service(server.address(), protocol);
}

// Would catch descriptors, children, threads and memory that stay behind: those that a parent forgets to close, to
// reap or to join, and objects that outlive their connection.
void connect_close_cycles(const Subject& subject) {
  const auto protocol = subject.client_half();
  RunningServer server(subject);
  for (int i = 0; i < (subject.quick ? 1 : 5); ++i) {
    connect_and_close(server, *protocol);  // what a server makes once and keeps (arenas, pools) is made here
  }
  const Footprint before = settled_footprint(server.pid());
  for (std::size_t done = 0; done < cycles(subject); done += kBatch) {
    connect_and_close(server, *protocol);
  }
  Footprint after;
  wait_until("descriptors, processes and threads are back to what they were", [&] {
    expect_service(server.address(), *protocol);  // a server may clean up when the next connection comes
    after = footprint(server.pid());
    return after.descriptors <= before.descriptors && after.processes <= before.processes &&
           after.threads <= before.threads;
  });
  if (!kSanitized) {
    EXPECT_LE(after.memory_bytes, before.memory_bytes + kMemoryAllowance);
  }
  server.stop();
}

}  // namespace

std::span<const Case> leak_cases() {
  static constexpr Case kCases[] = {
      {"ConnectCloseCycles", true, is_home, connect_close_cycles},
  };
  return kCases;
}

}  // namespace fanin
