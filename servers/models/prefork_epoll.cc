// prefork-epoll: an event loop per pre-forked process.
//
// Idea: The loop of `epoll` in each of a fixed number of worker processes, as in web servers with a master and
//   workers. `--accept reuseport` gives each worker its own listeners. The parent keeps them open, so the successor
//   of a worker that dies serves what waits in its queue. `exclusive` shares one listener.
// Costs per request: as `epoll`. Per worker: a process (page tables, the pages it writes). Nothing is shared, so
//   nothing is locked, and a crash loses the connections of one worker only.
// Requires: SO_REUSEPORT (Linux 3.9) or EPOLLEXCLUSIVE (4.5).
// Known limit: the balance, as `multi-reactor`. Connections of different workers cannot see each other, so `chat` is
//   impossible. RLIMIT_NOFILE holds per worker.
// Try: fanin-server prefork-epoll --workers 4 --port 7000, then `nc 127.0.0.1 7000`; kill a worker, see it replaced.
// Changes from `multi-reactor`: processes instead of threads. From `prefork`: a worker serves many connections at
//   once.
#include <algorithm>
#include <vector>

#include "servers/epoll_connections.h"
#include "servers/model.h"
#include "servers/worker_processes.h"

namespace fanin::server {
namespace {

void run(Server& server) {
  const ServerOptions& options = server.options();
  const bool exclusive = options.model.accept == "exclusive";
  server.set_nonblocking();
  ConnectionLimit limit(options.max_connections, options.model.workers);
  std::vector<std::vector<Listener>> more;  // own listeners of the workers after the first
  while (!exclusive && more.size() + 1 < static_cast<std::size_t>(options.model.workers)) {
    more.push_back(server.more_listeners());
  }
  WorkerProcesses workers(options.model.workers, [&](int worker) {
    limit.forget(worker);  // connections of a predecessor that died
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

extern const ServerModel kPreforkEpoll{
    .name = "prefork-epoll",
    .summary = "an epoll loop per pre-forked process",
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
