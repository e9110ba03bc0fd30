// prefork-epoll: an event loop per process, made ahead.
//
// Idea: the loop of `epoll` in each of a fixed number of worker processes, as web servers with a master and workers do
//   it. `--accept reuseport` gives each worker listeners of its own, which the parent keeps open, so that what waits in
//   the queue of a worker that dies is served by the one that takes its place. `exclusive` shares one listener.
// Costs per request: those of `epoll`. Per worker: a process (page tables, the pages it writes); nothing is shared, so
//   nothing is locked, and a crash takes one worker's connections with it, not all.
// Needs of the kernel: SO_REUSEPORT (3.9) or EPOLLEXCLUSIVE (4.5).
// Known limit: the spread of connections, as for `multi-reactor`. Connections of different workers cannot see each
// other, so
//   a chat is impossible. The limit of descriptors holds for each worker, not for all.
// Try: fanin-server prefork-epoll --workers 4 --port 7000, then `nc 127.0.0.1 7000`; kill a worker, see it replaced.
// From multi-reactor: processes instead of threads. From prefork: a worker serves as many connections as come.
#include <algorithm>
#include <vector>

#include "servers/epoll_loop.h"
#include "servers/model.h"
#include "servers/worker_processes.h"

namespace fanin::server {
namespace {

void run(Server& server) {
  const ServerOptions& options = server.options();
  const bool exclusive = options.model.accept == "exclusive";
  server.set_nonblocking();
  ConnectionLimit limit(options.max_connections, options.model.workers);
  std::vector<std::vector<Listener>> more;  // of the workers after the first, where each has its own
  while (!exclusive && more.size() + 1 < static_cast<std::size_t>(options.model.workers)) {
    more.push_back(server.more_listeners());
  }
  WorkerProcesses workers(options.model.workers, [&](int worker) {
    limit.forget(worker);  // what a predecessor served when it died
    std::vector<Listener>& listeners =
        exclusive || worker == 0 ? server.listeners() : more[static_cast<std::size_t>(worker) - 1];
    const std::uint32_t events = exclusive ? EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN;
    EpollConnections connections(
        server, {.listeners = listeners, .listener_events = events, .limit = &limit, .worker = worker});
    run_epoll_loop(connections);
  });
  while (workers.wait()) {
  }
}

}  // namespace

const ServerModel kPreforkEpoll{
    .name = "prefork-epoll",
    .summary = "an epoll loop per process, made ahead",
    .run = run,
    .family = "multicore",
    .threads = ServerModel::Threads::kOne,
    .takes = "workers accept",
    .accept_modes = "reuseport exclusive",
    .worker_processes = true,
    .reuses_port = [](const ModelOptions& options) { return options.accept == "reuseport"; },
    .descriptors_per_worker = [](const ModelOptions& /*options*/) { return 1; },
    .shares_memory = false};

}  // namespace fanin::server
