// thread-pool: pre-spawned threads, each serving one connection at a time.
//
// Idea: The main thread accepts and appends each connection to a queue; a fixed number of threads take connections
//   from it and serve each to its end with blocking calls. The queue is bounded. When it is full, the accepting
//   thread waits and further connections wait in the kernel's accept queue: overload is pushed back, not stored.
// Costs per connection: a lock, a wakeup and a context switch for the hand-off, and no thread creation. The threads
//   exist all the time.
// Requires: threads.
// Known limit: at most one connection per thread. This suits short connections (the web pattern); long-lived ones
//   hold their thread while idle and starve the rest.
// Try: fanin-server thread-pool --workers 3 --queue 1 --port 7000, then `nc 127.0.0.1 7000` four times.
// Changes from `thread`: threads are started before the connections, and their number is bounded. From `prefork`:
//   connections are handed over within one address space, not through the kernel.
#include <memory>
#include <thread>

#include "servers/connection_table.h"
#include "servers/model.h"
#include "servers/worker_threads.h"

namespace fanin::server {
namespace {

using Queue = HandOffQueue<std::unique_ptr<LiveConnection>>;

void serve_from(Queue& queue) {
  while (auto client = queue.pop()) {
    (*client)->connection.serve();
  }
}

void accept_into(Queue& queue, Server& server, LiveConnections& live) {
  while (net::Descriptor socket = server.next_connection([&live] { return live.size(); })) {
    queue.push(std::make_unique<LiveConnection>(std::move(socket), server, live));
  }
}

void run(Server& server) {
  const ServerOptions& options = server.options();
  LiveConnections live;
  Queue queue(options.model.queue);
  WorkerThreads workers(options.model.workers, [&queue](int) { serve_from(queue); });
  // The accepting thread may be waiting for room at the stop, so another thread ends the connections.
  std::thread stopper([&] {
    server.wait_for_stop();
    live.drain(options.drain_timeout);
  });
  accept_into(queue, server, live);
  stopper.join();
  live.drain(options.drain_timeout);  // connections accepted last
  queue.close();
}

}  // namespace

extern const ServerModel kThreadPool{
    .name = "thread-pool",
    .summary = "pre-spawned threads behind a bounded queue, one connection each at a time",
    .run = run,
    .family = "blocking",
    .takes = "workers queue",
    .default_workers = 10,
    .serves = ServerModel::Serves::kOnePerWorker};

}  // namespace fanin::server
