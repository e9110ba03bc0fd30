// prefork: pre-forked processes, each serving one connection at a time.
//
// Idea: Fork a fixed number of workers before the first connection. With `--accept shared` all workers block in
//   accept() on one listener and the kernel wakes one per connection. With `--accept passing` the parent accepts and
//   passes the descriptor over a Unix socket to an idle worker. Workers that die are replaced.
// Costs per connection: accept() and no fork; `passing` adds a message each way and a context switch. The workers'
//   memory is used whether they are busy or idle.
// Requires: fork; SCM_RIGHTS for `passing`.
// Known limit: at most one connection per worker. Other connections wait in the accept queue, so long-lived or idle
//   connections starve them. With several ports the workers wait in poll(), and each connection wakes all of them.
// Try: fanin-server prefork --workers 3 --port 7000, then `nc 127.0.0.1 7000` four times; kill a worker, see it
//   back.
// Changes from `process`: the fork precedes the connection, and the number of processes is bounded.
#include "servers/connection.h"
#include "servers/counters.h"
#include "servers/model.h"
#include "servers/stop.h"
#include "servers/worker_processes.h"

namespace fanin::server {
namespace {

// The body of a worker. `take` blocks until a connection arrives; none after the stop.
template <typename Take>
void serve_each(const Server& server, ConnectionLimit& limit, int worker, Take take) {
  limit.forget(worker);  // connections of a predecessor that died
  while (!stop::requested()) {
    net::Descriptor socket = take();
    if (!socket) {
      return;
    }
    if (limit.enter(worker)) {
      serve_blocking(std::move(socket), server);
      limit.leave(worker);
      publish_counts();  // in case this process is killed
    }
  }
}

void run_shared(Server& server, ConnectionLimit& limit) {
  WorkerProcesses workers(server.options().model.workers, [&](int worker) {
    serve_each(server, limit, worker, [&server] { return server.next_connection(); });
  });
  while (workers.wait()) {
  }
}

// Accepts one connection. None after a stop.
net::Descriptor accept_one(Server& server, WorkerProcesses& workers) {
  std::vector<pollfd> waiting;
  for (const Listener& listener : server.listeners()) {
    waiting.push_back({listener.fd(), POLLIN, 0});
  }
  while (workers.wait(waiting)) {
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].revents != 0) {
        if (Listener::Accepted accepted = server.listeners()[i].accept(0); accepted.socket) {
          return std::move(accepted.socket);
        }
      }
    }
  }
  return {};
}

void run_passing(Server& server, ConnectionLimit& limit) {
  for (Listener& listener : server.listeners()) {
    listener.set_nonblocking(net::Blocking::kYes);
  }
  ConnectionChannel channel;
  WorkerProcesses workers(server.options().model.workers, [&](int worker) {
    server.close_listeners();
    serve_each(server, limit, worker, [&channel] { return channel.take(); });
  });
  pollfd free_worker{channel.free_notice(), POLLIN, 0};
  while (workers.wait({&free_worker, 1})) {  // meanwhile connections wait in the accept queue
    if (net::Descriptor socket = accept_one(server, workers)) {
      channel.give(std::move(socket));
    }
  }
  channel.close();
}

void run(Server& server) {
  const ServerOptions& options = server.options();
  ConnectionLimit limit(options.max_connections, options.model.workers);
  if (options.model.accept == "passing") {
    run_passing(server, limit);
  } else {
    run_shared(server, limit);
  }
}

}  // namespace

extern const ServerModel kPrefork{.name = "prefork",
                                  .summary = "pre-forked processes, one connection each at a time, blocking I/O",
                                  .run = run,
                                  .family = "blocking",
                                  .threads = ServerModel::Threads::kOne,
                                  .takes = "workers accept",
                                  .accept_modes = "shared passing",
                                  .default_workers = 10,
                                  .serves = ServerModel::Serves::kOnePerWorker,
                                  .worker_processes = true,
                                  .shares_memory = false};

}  // namespace fanin::server
