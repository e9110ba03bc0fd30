// iterative: one process, one thread, one client at a time.
//
// Idea: Accept a connection, serve it with blocking calls until the peer closes it, accept the next. The program has
//   no concurrency: other clients wait in the kernel's accept queue.
// Costs per connection: accept() and close(). The process has one set of buffers.
// Requires: sockets.
// Known limit: a connected but silent client blocks all others. Short connections are served well.
// Try: fanin-server iterative --port 7000, then `nc 127.0.0.1 7000` twice: the second is answered when the first
//   ends.
// Changes: none: this is the first model of the progression.
#include "servers/connection.h"
#include "servers/model.h"

namespace fanin::server {
namespace {

void run(Server& server) {
  while (net::Descriptor socket = server.next_connection()) {
    serve_blocking(std::move(socket), server);
  }
}

}  // namespace

extern const ServerModel kIterative{.name = "iterative",
                                    .summary = "one client at a time, blocking I/O",
                                    .run = run,
                                    .family = "blocking",
                                    .threads = ServerModel::Threads::kOne,
                                    .serves = ServerModel::Serves::kOne};

}  // namespace fanin::server
