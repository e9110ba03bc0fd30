// epoll-mod: anti-pattern. One thread, epoll, and an epoll_ctl(MOD) after every event.
//
// Idea: Register the interest again after each step, whether or not it has changed. Loops do this that state their
//   interest per event, out of select's habit or because they wrap epoll in an interface made for something else.
//   Some widely used generators and servers do it.
// Costs per request: as `epoll`, plus one system call without effect.
// Requires: epoll(7).
// Known limit: as `epoll`. A demo of what the waste costs (Gammo and others, OLS 2004, measured 16 % of the CPU
//   time).
// Try: fanin-server epoll-mod --port 7000, and compare `epoll_ctl` with `recv` among the counters at the end.
// Changes from `epoll`: the same interest list and the same steps, plus a superfluous MOD.
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

extern const ServerModel kEpollMod{.name = "epoll-mod",
                                   .summary = "one thread, epoll with an epoll_ctl(MOD) after every event",
                                   .kind = ServerModel::Kind::kAntiPattern,
                                   .run = run,
                                   .family = "epoll",
                                   .threads = ServerModel::Threads::kOne};

}  // namespace fanin::server
