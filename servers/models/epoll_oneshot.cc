// epoll-oneshot: several threads wait on one epoll set; EPOLLONESHOT gives each connection to one of them at a time.
//
// Idea: the main thread accepts and registers. Any thread takes the next event, whose connection is then disarmed: no
//   other thread hears of it until the one that has it arms it again. So a connection needs no lock, and whoever is
//   free serves whoever is ready. Each takes a single event per call, so that no connection waits behind another one's
//   work while a thread is idle.
// Costs per request: an epoll_wait and an epoll_ctl(MOD) each, and the threads meet at the set's lock in the kernel.
// Needs of the kernel: EPOLLONESHOT (2.6.2).
// Known limit: a connection wanders between CPUs, and so do its cache lines. Arming must be the last thing that is done
//   to it: from then on another thread may own it, or have destroyed it.
// Try: fanin-server epoll-oneshot --workers 4 --port 7000, then `nc 127.0.0.1 7000`.
// From epoll: several threads in one loop. From multi-reactor: connections belong to all of them.
#include <array>
#include <memory>

#include "servers/epoll_set.h"
#include "servers/live_connections.h"
#include "servers/mailbox.h"
#include "servers/model.h"
#include "servers/worker_threads.h"

namespace fanin::server {
namespace {

std::uint32_t once(Connection::Next next) {
  return EPOLLONESHOT | (next == Connection::Next::kWrite ? EPOLLOUT : EPOLLIN);
}

// Until the closing bell rings, which is never silenced, so that all threads hear it. An armed connection belongs to
// the set, one that has fired to the thread that took the event.
void serve_from(EpollSet& set) {
  std::array<epoll_event, 1> room;
  for (;;) {
    for (const epoll_event& event : set.wait(room, -1)) {
      std::unique_ptr<LiveConnection> client(static_cast<LiveConnection*>(event.data.ptr));
      if (client == nullptr) {
        return;
      }
      const int fd = client->connection.fd();
      const Connection::Next next = client->connection.on_ready();
      if (next != Connection::Next::kClose) {
        set.modify(fd, once(next), client.release());
      }
    }
  }
}

void accept_into(EpollSet& set, Server& server, LiveConnections& live) {
  for (;;) {
    Listener::Accepted accepted = server.accept(live.size());
    if (accepted.status == Listener::Status::kStopped) {
      return;
    }
    if (accepted.status != Listener::Status::kConnection) {
      continue;
    }
    auto client = std::make_unique<LiveConnection>(std::move(accepted.socket), server, live);
    const Connection::Next next = client->connection.start();
    LiveConnection* const armed = client.release();  // before it is armed: then it may be gone at once
    if (!set.add(armed->connection.fd(), once(next), armed)) {
      client.reset(armed);
    }
  }
}

void run(Server& server) {
  const ServerOptions& options = server.options();
  server.accept_nonblocking();
  LiveConnections live;
  EpollSet set;
  Mailbox<int> closing_bell;
  check(set.add(closing_bell.fd(), EPOLLIN, nullptr) ? 0 : -1, "epoll_ctl");
  const WorkerThreads workers(options.model.workers, [&set](int) { serve_from(set); });
  accept_into(set, server, live);
  live.drain(options.drain_timeout);
  closing_bell.close();
}

}  // namespace

const ServerModel kEpollOneshot{.name = "epoll-oneshot",
                                .summary = "several threads on one epoll set with EPOLLONESHOT",
                                .run = run,
                                .family = "multicore",
                                .takes = "workers"};

}  // namespace fanin::server
