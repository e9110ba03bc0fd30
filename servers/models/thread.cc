// thread: a thread per connection.
//
// Idea: Start a thread after every accept(). It serves its connection with blocking calls. As `process`, but all
//   threads share one address space.
// Costs per connection: creation and exit of a thread; a kernel stack, the touched part of an 8 MiB user stack, a
//   context switch per request.
// Requires: threads.
// Known limit: kernel.threads-max, RLIMIT_NPROC, memory.
// Try: fanin-server thread --port 7000, then `nc 127.0.0.1 7000`, then `ls /proc/PID/task`.
// Changes from `process`: address space, descriptors and counters are shared, so nothing is copied and no child has
//   to be reaped.
#include <memory>
#include <system_error>
#include <thread>

#include "servers/connection_table.h"
#include "servers/counters.h"
#include "servers/model.h"

namespace fanin::server {
namespace {

void serve(std::unique_ptr<LiveConnection> client) {
  const PublishCounts publish;
  client->connection.serve();
}

void run(Server& server) {
  // Never destroyed: a detached thread may still be unwinding when main returns.
  static LiveConnections& live = *new LiveConnections;
  while (net::Descriptor socket = server.next_connection([] { return live.size(); })) {
    count(Count::kCallThreadCreate);
    try {
      std::thread(serve, std::make_unique<LiveConnection>(std::move(socket), server, live)).detach();
    } catch (const std::system_error&) {
      count(Count::kRefusedResources);  // the thread's arguments closed the socket
    }
  }
  live.drain(server.options().drain_timeout);
}

}  // namespace

extern const ServerModel kThread{
    .name = "thread", .summary = "thread per connection, blocking I/O", .run = run, .family = "blocking"};

}  // namespace fanin::server
