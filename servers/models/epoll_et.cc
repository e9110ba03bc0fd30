// epoll-et: one thread, edge-triggered epoll, drained with a budget.
//
// Idea: Register each connection once, for reading and writing, with EPOLLET. An event then reports a change, not a
//   state: the program must continue until EAGAIN, or it never hears of the rest. A connection that always has more
//   data would monopolise the loop, so each has a budget. Connections that exhaust it stay in a ready list and
//   continue after the others.
// Costs per request: no epoll_ctl after the first, but one more read, which returns EAGAIN.
// Requires: epoll(7).
// Known limit: as `epoll`. The loop must remember unfinished connections: the kernel does not report them again.
// Try: fanin-server epoll-et --drain-budget 1 --port 7000, then `nc 127.0.0.1 7000`.
// Changes from `epoll`: the program keeps the reported readiness until it is used up.
#include "servers/connection_table.h"
#include "servers/epoll_connections.h"
#include "servers/model.h"

namespace fanin::server {
namespace {

class EdgeLoop {
 public:
  explicit EdgeLoop(Server& server)
      : connections_(server, {.listeners = server.listeners(), .interest = edge_triggered}),
        budget_(server.options().model.drain_budget) {}

  void run() {
    while (!connections_.drained()) {
      for (const epoll_event& event : connections_.wait(unfinished_.empty() ? -1 : 0)) {
        if (Connection* const connection = connections_.find_or_accept(event.data.fd)) {
          on_event(*connection, event.events);
        }
      }
      unfinished_.try_marked([this](int fd) { serve(*connections_.find_or_accept(fd)); });
    }
  }

 private:
  void on_event(Connection& connection, std::uint32_t events) {
    // A connection that waits for input ignores EPOLLOUT.
    const bool nothing_new = connection.next() == Connection::Next::kRead && (events & ~EPOLLOUT) == 0;
    if (!nothing_new && !unfinished_.is_marked(connection.fd())) {
      serve(connection);
    }
  }

  // Runs until EAGAIN, after which the next edge reports, or until the budget is exhausted.
  void serve(Connection& connection) {
    for (int step = 0; step < budget_; ++step) {
      if (connection.on_ready() == Connection::Next::kClose) {
        connections_.close(connection);
        return;
      }
      if (connection.would_block()) {
        return;
      }
    }
    unfinished_.mark(connection.fd());
  }

  EpollConnections connections_;
  const int budget_;
  ReadyList unfinished_;  // a marked connection is served, and so closed, only from this list
};

void run(Server& server) {
  server.set_nonblocking();
  EdgeLoop(server).run();
}

}  // namespace

extern const ServerModel kEpollEt{.name = "epoll-et",
                                  .summary = "one thread, epoll edge-triggered, drained with a budget",
                                  .run = run,
                                  .family = "epoll",
                                  .threads = ServerModel::Threads::kOne,
                                  .takes = "drain-budget"};

}  // namespace fanin::server
