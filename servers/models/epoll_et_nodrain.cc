// epoll-et-nodrain: anti-pattern. Edge-triggered epoll with one read per event, as in some tutorials.
//
// Idea: Take the loop of `epoll`, add EPOLLET and change nothing else. It works while every message fits into one
//   read. Data left behind by a read makes no new edge, so a longer message stalls until the peer sends more, which
//   a peer that waits for the reply never does. A batch of expensive requests stalls likewise, since one step
//   answers only a part of it.
// Costs per request: as `epoll-et` without the read that returns EAGAIN: faster, and wrong.
// Requires: epoll(7).
// Known limit: stalls on messages longer than --read-cap. A demo of the stall, not a server to measure.
// Try: fanin-server epoll-et-nodrain --read-cap 4 --port 7000, then `nc 127.0.0.1 7000` and type a long line.
// Changes from `epoll-et`: no draining, no budget, no ready list.
#include "servers/epoll_connections.h"
#include "servers/model.h"

namespace fanin::server {
namespace {

void run(Server& server) {
  server.set_nonblocking();
  EpollConnections connections(server, {.listeners = server.listeners(), .interest = edge_triggered});
  while (!connections.drained()) {
    for (const epoll_event& event : connections.wait()) {
      Connection* const connection = connections.find_or_accept(event.data.fd);
      if (connection != nullptr && connection->on_ready() == Connection::Next::kClose) {
        connections.close(*connection);
      }
    }
  }
}

}  // namespace

extern const ServerModel kEpollEtNodrain{.name = "epoll-et-nodrain",
                                         .summary = "one thread, epoll edge-triggered, one read per event: stalls",
                                         .kind = ServerModel::Kind::kAntiPattern,
                                         .run = run,
                                         .family = "epoll",
                                         .threads = ServerModel::Threads::kOne,
                                         .stalls = true};

}  // namespace fanin::server
