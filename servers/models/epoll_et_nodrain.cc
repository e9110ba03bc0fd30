// epoll-et-nodrain: exhibit. Edge-triggered as a tutorial has it: one read for each event.
//
// Idea: take the loop of `epoll`, add EPOLLET, and change nothing else. It works as long as every message fits into one
//   read. What a read leaves behind makes no new edge, so a longer message stops in the middle until the peer sends
//   something more, which it does not as long as it waits for the reply. So does a batch of expensive requests, of
//   which one step answers a part.
// Costs per request: those of `epoll-et` without the read that says EAGAIN: faster, and wrong.
// Needs of the kernel: epoll.
// Known limit: stalls on messages longer than --read-cap. Not a server to measure; a claim uses it to show the stall.
// Try: fanin-server epoll-et-nodrain --read-cap 4 --port 7000, then `nc 127.0.0.1 7000` and type a long line.
// From epoll-et: the draining, its budget and its list are gone.
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

const ServerModel kEpollEtNodrain{.name = "epoll-et-nodrain",
                                  .summary = "one thread, epoll edge-triggered, one read per event: stalls",
                                  .kind = ServerModel::Kind::kExhibit,
                                  .run = run,
                                  .family = "epoll",
                                  .threads = ServerModel::Threads::kOne,
                                  .stalls = true};

}  // namespace fanin::server
