// epoll: one thread, the kernel keeps the set of interest (level-triggered).
//
// Idea: register each descriptor once; the kernel keeps a list of those that are ready and returns just these. The
//   registration changes only when a connection turns from reading to writing or back, which happens when a reply does
//   not fit into the socket.
// Costs per call: by the number of ready descriptors, not of watched ones. Per connection: one epoll_ctl and about 200
//   bytes in the kernel.
// Needs of the kernel: epoll (Linux 2.6).
// Known limit: RLIMIT_NOFILE (`--processes N`: N times as many), fs.epoll.max_user_watches. One thread: what one
//   request computes delays all others.
// Try: fanin-server epoll --port 7000, then `nc 127.0.0.1 7000`.
// From poll: the set of interest lives in the kernel, so neither side scans the idle ones.
#include "servers/epoll_loop.h"
#include "servers/model.h"

namespace fanin::server {

void run_epoll_loop(EpollConnections& connections) {
  while (!connections.drained()) {
    for (const epoll_event& event : connections.wait()) {
      Connection* const connection = connections.find_or_accept(event.data.fd);
      if (connection == nullptr) {
        continue;
      }
      // EPOLLERR and EPOLLHUP come unasked: the next read or send says what they mean.
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

const ServerModel kEpoll{.name = "epoll",
                         .summary = "one thread, epoll(7) level-triggered, registered once",
                         .run = run,
                         .family = "epoll",
                         .threads = ServerModel::Threads::kOne,
                         .takes = "processes steer"};

}  // namespace fanin::server
