// multi-reactor: an event loop per thread, a connection stays with the loop that got it.
//
// Idea: as many loops of `epoll` as there are CPUs, which share nothing while they serve. What differs is how a loop
//   gets its connections. `--accept reuseport`: each loop has a listener of its own on the same port, and the kernel
//   spreads connections by a hash of the addresses. `exclusive`: one listener is in all epoll sets with EPOLLEXCLUSIVE,
//   so that the kernel wakes one loop, not all, for each connection. `handoff`: the main thread accepts and gives the
//   connections out in turn, each loop's share into a mailbox that rings an eventfd.
// Costs per request: those of `epoll`. Per connection: with handoff a lock, a wake-up and a switch more.
// Needs of the kernel: SO_REUSEPORT (3.9) or EPOLLEXCLUSIVE (4.5).
// Known limit: the spread. Cloudflare (Majkowski) found that a listener shared by epoll wakes the loop that went to
//   sleep last, so that under light load one loop gets nearly all connections; SO_REUSEPORT is fair by count, but what
//   is in the queue of a busy loop waits although others are idle, and one loop's slow request delays its share.
//   handoff is fair by count too, at the price above. None of them moves a connection once it is given.
// Try: fanin-server multi-reactor --workers 4 --accept exclusive --port 7000, then `nc 127.0.0.1 7000`.
// From epoll: the same loop, once for each CPU.
#include <deque>
#include <memory>
#include <vector>

#include "servers/epoll_loop.h"
#include "servers/model.h"
#include "servers/worker_threads.h"

namespace fanin::server {
namespace {

// One set of connections for each loop, made by `setup(worker)` before any loop runs.
template <typename SetupOf>
std::vector<std::unique_ptr<EpollConnections>> make_loops(const Server& server, SetupOf setup) {
  std::vector<std::unique_ptr<EpollConnections>> loops;
  loops.reserve(static_cast<std::size_t>(server.options().model.workers));
  for (int worker = 0; worker < server.options().model.workers; ++worker) {
    loops.push_back(std::make_unique<EpollConnections>(server, setup(worker)));
  }
  return loops;
}

// Each loop accepts for itself; the main thread runs one of them.
template <typename SetupOf>
void run_accepting_loops(Server& server, SetupOf setup) {
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
  std::vector<Mailbox<Descriptor>> inboxes(static_cast<std::size_t>(server.options().model.workers));
  const auto loops = make_loops(server, [&](int worker) {
    return EpollConnections::Setup{
        .inbox = &inboxes[static_cast<std::size_t>(worker)], .limit = &limit, .worker = worker};
  });
  const WorkerThreads workers(static_cast<int>(loops.size()),
                              [&loops](int worker) { run_epoll_loop(*loops[static_cast<std::size_t>(worker)]); });
  for (std::size_t turn = 0;;) {
    Listener::Accepted accepted = server.accept(0);
    if (accepted.status == Listener::Status::kStopped) {
      break;
    }
    if (accepted.status == Listener::Status::kConnection) {
      count(Count::kHandedOver);
      inboxes[turn++ % inboxes.size()].put(std::move(accepted.socket));
    }
  }
  for (Mailbox<Descriptor>& inbox : inboxes) {
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

const ServerModel kMultiReactor{
    .name = "multi-reactor",
    .summary = "an epoll loop per thread, connections stay with theirs",
    .run = run,
    .family = "multicore",
    .takes = "workers accept processes",
    .accept_modes = "reuseport exclusive handoff",
    .reuses_port = [](const ModelOptions& options) { return options.accept == "reuseport"; },
    .descriptors_per_worker = [](const ModelOptions& /*options*/) { return 2; }};

}  // namespace fanin::server
