// epoll-mod: exhibit. One thread, epoll, and an epoll_ctl(MOD) after every event.
//
// Idea: say again after each step what the connection waits for, whether or not that has changed. This is what a loop
//   does that treats its interest as something to be stated per event (from select's habit, or by wrapping epoll in an
//   interface made for something else); some generators and servers in wide use do it.
// Costs per request: as `epoll` and one system call more, which changes nothing.
// Needs of the kernel: epoll.
// Known limit: as `epoll`. Kept to show what the waste costs (Gammo and others, OLS 2004, saw 16 % of the CPU time).
// Try: fanin-server epoll-mod --port 7000, and compare `epoll_ctl` with `recv` among the counters at the end.
// From epoll: the same set and the same steps, and a MOD that is not asked for.
#include "servers/epoll_connections.h"
#include "servers/model.h"

namespace fanin::server {
namespace {

void run(Server& server) {
  server.set_nonblocking();
  EpollConnections connections(server, {.listeners = server.listeners()});
  while (!connections.drained()) {
    for (const epoll_event& event : connections.wait()) {
      if (Connection* const connection = connections.find_or_accept(event.data.fd)) {
        if (connection->on_ready() == Connection::Next::kClose) {
          connections.close(*connection);
        } else {
          connections.rearm(*connection);
        }
      }
    }
  }
}

}  // namespace

const ServerModel kEpollMod{.name = "epoll-mod",
                            .summary = "one thread, epoll with an epoll_ctl(MOD) after every event",
                            .kind = ServerModel::Kind::kExhibit,
                            .run = run,
                            .family = "epoll",
                            .threads = ServerModel::Threads::kOne};

}  // namespace fanin::server
