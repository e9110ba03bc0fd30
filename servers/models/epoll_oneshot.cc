// epoll-oneshot: several threads wait on one epoll instance; EPOLLONESHOT gives each connection to one of them at a
// time.
//
// Idea: The main thread accepts and registers. Any thread takes the next event, which disarms its connection: no
//   other thread sees it until the first one arms it again. So a connection needs no lock, and any idle thread
//   serves any ready connection. Each call takes a single event, so that no connection waits behind another's work
//   while a thread is idle.
// Costs per request: an epoll_wait and an epoll_ctl(MOD); the threads contend for the lock of the epoll instance.
// Requires: EPOLLONESHOT (Linux 2.6.2).
// Known limit: connections and their cache lines migrate between CPUs. Arming must be the last access to a
//   connection: from then on another thread may own or have destroyed it.
// Try: fanin-server epoll-oneshot --workers 4 --port 7000, then `nc 127.0.0.1 7000`.
// Changes from `epoll`: several threads in one loop. From `multi-reactor`: all threads share all connections.
#include <array>
#include <memory>

#include "servers/connection_table.h"
#include "servers/epoll_connections.h"
#include "servers/model.h"
#include "servers/worker_threads.h"

namespace fanin::server {
namespace {

std::uint32_t once(Connection::Next next) {
  return EPOLLONESHOT | (next == Connection::Next::kWrite ? EPOLLOUT : EPOLLIN);
}

// Runs until the stop event, which is never read, so that all threads see it. An armed connection belongs to the epoll
// instance, a disarmed one to the thread that took its event.
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
  while (net::Descriptor socket = server.next_connection([&live] { return live.size(); })) {
    auto client = std::make_unique<LiveConnection>(std::move(socket), server, live);
    const Connection::Next next = client->connection.start();
    LiveConnection* const armed = client.release();  // before it is armed: another thread may destroy it then
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
  Mailbox<int> stop_mailbox;
  net::check(set.add(stop_mailbox.fd(), EPOLLIN, nullptr) ? 0 : -1, "epoll_ctl");
  const WorkerThreads workers(options.model.workers, [&set](int) { serve_from(set); });
  accept_into(set, server, live);
  live.drain(options.drain_timeout);
  stop_mailbox.close();
}

}  // namespace

extern const ServerModel kEpollOneshot{.name = "epoll-oneshot",
                                       .summary = "several threads on one epoll instance with EPOLLONESHOT",
                                       .run = run,
                                       .family = "multicore",
                                       .takes = "workers"};

}  // namespace fanin::server
