// epoll: one thread, the kernel keeps the interest list (level-triggered).
//
// Idea: Register each descriptor once; the kernel keeps a list of the ready ones and returns only these. The
//   registration changes only when a connection turns from reading to writing or back, which happens when a reply
//   does not fit into the socket buffer.
// Costs per call: proportional to the ready descriptors, not to the watched ones. Per connection: one epoll_ctl and
//   about 200 bytes in the kernel.
// Requires: epoll(7) (Linux 2.6).
// Known limit: RLIMIT_NOFILE (`--processes N`: N times as many), fs.epoll.max_user_watches. One thread: the
//   computation of one request delays all others.
// Try: fanin-server epoll --port 7000, then `nc 127.0.0.1 7000`.
// Changes from `poll`: the interest list is in the kernel, so neither side scans idle connections.
#include "servers/epoll_connections.h"
#include "servers/model.h"

namespace fanin::server {

void run_epoll_loop(EpollConnections& connections) {
  while (!connections.drained()) {
    for (const epoll_event& event : connections.wait()) {
      Connection* const connection = connections.find_or_accept(event.data.fd);
      if (connection == nullptr) {
        continue;
      }
      // EPOLLERR and EPOLLHUP are always reported: the next read or send returns the error.
      const Connection::Next before = connection->next();
      const Connection::Next next = connection->on_ready();
      if (next == Connection::Next::kClose) {
        connections.close(*connection);
      } else if (next != before) {
        connections.rearm(*connection);
      }
    }
  }
}

namespace {

void run(Server& server) {
  server.set_nonblocking();
  EpollConnections connections(server, {.listeners = server.listeners()});
  run_epoll_loop(connections);
}

}  // namespace

extern const ServerModel kEpoll{.name = "epoll",
                                .summary = "one thread, epoll(7) level-triggered, registered once",
                                .run = run,
                                .family = "epoll",
                                .threads = ServerModel::Threads::kOne,
                                .takes = "processes steer"};

}  // namespace fanin::server
