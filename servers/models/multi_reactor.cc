// multi-reactor: an event loop per thread; a connection stays with its loop.
//
// Idea: One loop of `epoll` per CPU; the loops share nothing while they serve. They differ in how they get
//   connections. `--accept reuseport`: each loop has its own listener on the same port, and the kernel picks one by
//   a hash of the addresses. `exclusive`: all loops register one listener with EPOLLEXCLUSIVE, so the kernel wakes
//   one loop, not all, per connection. `handoff`: the main thread accepts and hands connections out round-robin,
//   through a mailbox with an eventfd per loop.
// Costs per request: as `epoll`. Per connection: `handoff` adds a lock, a wakeup and a context switch.
// Requires: SO_REUSEPORT (Linux 3.9) or EPOLLEXCLUSIVE (4.5).
// Known limit: the balance. A listener shared by epoll wakes the loop that went to sleep last, so under light load
//   one loop gets nearly all connections (Majkowski, Cloudflare). SO_REUSEPORT is fair by count, but connections in
//   the queue of a busy loop wait although others are idle, and a slow request delays all connections of its loop.
//   `handoff` is fair by count, at the cost above. None of them moves a connection later.
// Try: fanin-server multi-reactor --workers 4 --accept exclusive --port 7000, then `nc 127.0.0.1 7000`.
// Changes from `epoll`: the same loop, once per CPU.
#include <deque>
#include <memory>
#include <vector>

#include "servers/epoll_connections.h"
#include "servers/model.h"
#include "servers/worker_threads.h"

namespace fanin::server {
namespace {

// One EpollConnections per loop, made by `setup(worker)` before any loop runs.
template <typename MakeSetup>
std::vector<std::unique_ptr<EpollConnections>> make_loops(const Server& server, MakeSetup setup) {
  std::vector<std::unique_ptr<EpollConnections>> loops;
  loops.reserve(static_cast<std::size_t>(server.options().model.workers));
  for (int worker = 0; worker < server.options().model.workers; ++worker) {
    loops.push_back(std::make_unique<EpollConnections>(server, setup(worker)));
  }
  return loops;
}

// Each loop accepts for itself; the main thread runs one of them.
template <typename MakeSetup>
void run_accepting_loops(Server& server, MakeSetup setup) {
  server.set_nonblocking();
  const auto loops = make_loops(server, setup);
  const WorkerThreads others(static_cast<int>(loops.size()) - 1,
                             [&loops](int worker) { run_epoll_loop(*loops[static_cast<std::size_t>(worker) + 1]); });
  run_epoll_loop(*loops[0]);
}

void run_reuseport(Server& server, ConnectionLimit& limit) {
  std::deque<std::vector<Listener>> more;
  run_accepting_loops(server, [&](int worker) {
    std::span<Listener> own = worker == 0 ? server.listeners() : more.emplace_back(server.more_listeners());
    return EpollConnections::Setup{.listeners = own, .limit = &limit, .worker = worker};
  });
}

void run_exclusive(Server& server, ConnectionLimit& limit) {
  run_accepting_loops(server, [&](int worker) {
    return EpollConnections::Setup{.listeners = server.listeners(),
                                   .listener_events = EPOLLIN | EPOLLEXCLUSIVE,
                                   .limit = &limit,
                                   .worker = worker};
  });
}

void run_handoff(Server& server, ConnectionLimit& limit) {
  server.accept_nonblocking();
  std::vector<Mailbox<net::Descriptor>> inboxes(static_cast<std::size_t>(server.options().model.workers));
  const auto loops = make_loops(server, [&](int worker) {
    return EpollConnections::Setup{
        .inbox = &inboxes[static_cast<std::size_t>(worker)], .limit = &limit, .worker = worker};
  });
  const WorkerThreads workers(static_cast<int>(loops.size()),
                              [&loops](int worker) { run_epoll_loop(*loops[static_cast<std::size_t>(worker)]); });
  std::size_t next = 0;
  while (net::Descriptor socket = server.next_connection()) {
    count(Count::kHandedOver);
    inboxes[next++ % inboxes.size()].put(std::move(socket));
  }
  for (Mailbox<net::Descriptor>& inbox : inboxes) {
    inbox.close();
  }
}

void run(Server& server) {
  const ServerOptions& options = server.options();
  ConnectionLimit limit(options.max_connections, options.model.workers);
  if (options.model.accept == "handoff") {
    run_handoff(server, limit);
  } else if (options.model.accept == "exclusive") {
    run_exclusive(server, limit);
  } else {
    run_reuseport(server, limit);
  }
}

}  // namespace

extern const ServerModel kMultiReactor{
    .name = "multi-reactor",
    .summary = "an epoll loop per thread, a connection stays with its loop",
    .run = run,
    .family = "multicore",
    .takes = "workers accept processes",
    .accept_modes = "reuseport exclusive handoff",
    .reuses_port = [](const ModelOptions& options) { return options.accept == "reuseport"; },
    .descriptors_per_worker = [](const ModelOptions& /*options*/) { return 2; }};

}  // namespace fanin::server
