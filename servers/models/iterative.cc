// iterative: one process, one thread, one client at a time.
//
// Idea: accept a connection, serve it with plain blocking calls until the peer ends it, accept the next. Nothing in the
//   program is concurrent; who comes meanwhile waits in the kernel's accept queue.
// Costs per connection: accept() and close(); one set of buffers in all.
// Needs of the kernel: sockets.
// Known limit: a client that is connected but silent keeps everybody else waiting. Short connections are served well.
// Try: fanin-server iterative --port 7000, then `nc 127.0.0.1 7000` twice: the second is answered when the first ends.
// From nothing: the bottom of the ladder.
#include "servers/connection.h"
#include "servers/model.h"
#include "servers/stop.h"

namespace fanin::server {
namespace {

void serve(const Server& server, Descriptor socket) {
  Connection connection(std::move(socket), server);
  const stop::WatchConnection watch(connection.fd());
  for (auto next = connection.start(); next != Connection::Next::kClose;) {
    next = connection.on_ready();
  }
}

void run(Server& server) {
  for (;;) {
    Listener::Accepted accepted = server.accept(0);
    if (accepted.status == Listener::Status::kStopped) {
      return;
    }
    if (accepted.status == Listener::Status::kConnection) {
      serve(server, std::move(accepted.socket));
    }
  }
}

}  // namespace

const ServerModel kIterative{.name = "iterative",
                             .summary = "one client at a time, blocking I/O",
                             .run = run,
                             .family = "blocking",
                             .threads = ServerModel::Threads::kOne,
                             .serves = ServerModel::Serves::kOne};

}  // namespace fanin::server
