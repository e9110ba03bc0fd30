// epoll-et: one thread, edge-triggered: told once when something arrives.
//
// Idea: register each connection once, for reading and writing, with EPOLLET. An event then means a change, not a
//   state: whoever is told must go on until the socket would block, or the rest is never heard of. One that always has
//   more would keep the loop to itself, so each has a budget; what is left when that is used up stays in a list of the
//   ready ones, which have their turn again after the others.
// Costs per request: no epoll_ctl at all after the first, but a read more, the one that says EAGAIN.
// Needs of the kernel: epoll.
// Known limit: as `epoll`. The loop must remember who is not finished: the kernel does not tell again.
// Try: fanin-server epoll-et --drain-budget 1 --port 7000, then `nc 127.0.0.1 7000`.
// From epoll: the readiness that the kernel reported is kept in the program until it is used up.
#include <vector>

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
      serve_unfinished();
    }
  }

 private:
  void on_event(Connection& connection, std::uint32_t events) {
    // Room for a reply is no news to a connection that waits for input.
    const bool nothing_new = connection.next() == Connection::Next::kRead && (events & ~EPOLLOUT) == 0;
    if (!nothing_new && !is_unfinished(connection.fd())) {
      serve(connection);
    }
  }

  // On until it would block, which is when the next edge will tell, or until the budget is used up.
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
    is_unfinished(connection.fd()) = true;
    unfinished_.push_back(&connection);
  }

  void serve_unfinished() {
    turn_.swap(unfinished_);
    for (Connection* const connection : turn_) {
      is_unfinished(connection->fd()) = false;
      serve(*connection);
    }
    turn_.clear();
  }

  std::vector<bool>::reference is_unfinished(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    if (index >= is_unfinished_.size()) {
      is_unfinished_.resize(index + 1);
    }
    return is_unfinished_[index];
  }

  EpollConnections connections_;
  const int budget_;
  // While a connection is in this list, it is served, and so closed, from there alone.
  std::vector<Connection*> unfinished_;
  std::vector<Connection*> turn_;
  std::vector<bool> is_unfinished_;  // by descriptor
};

void run(Server& server) {
  server.set_nonblocking();
  EdgeLoop(server).run();
}

}  // namespace

const ServerModel kEpollEt{.name = "epoll-et",
                           .summary = "one thread, epoll edge-triggered, drained with a budget",
                           .run = run,
                           .family = "epoll",
                           .threads = ServerModel::Threads::kOne,
                           .takes = "drain-budget"};

}  // namespace fanin::server
