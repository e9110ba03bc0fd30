// thread-pool: threads made ahead, each serving one connection at a time.
//
// Idea: the main thread accepts and puts each connection into a queue; a fixed number of threads take them out and
//   serve them with blocking calls, each to its end. The queue is bounded. When it is full the accepting thread waits,
//   and who comes then waits in the kernel's accept queue: overload is pushed back, not stored.
// Costs per connection: no thread, but a lock, a wake-up and a switch to hand it over. In all: the threads.
// Needs of the kernel: threads.
// Known limit: as many connections at a time as threads. Good for short ones (the web pattern); long-lived ones hold
//   their thread while they are idle, and the rest starve behind them.
// Try: fanin-server thread-pool --workers 3 --queue 1 --port 7000, then `nc 127.0.0.1 7000` four times.
// From thread: the threads come before the connections, and their number is bounded. From prefork: the connections are
//   handed over in the program, where the address space is shared, so nothing is passed through the kernel.
#include <memory>
#include <thread>

#include "servers/hand_off_queue.h"
#include "servers/live_connections.h"
#include "servers/model.h"
#include "servers/worker_threads.h"

namespace fanin::server {
namespace {

using Queue = HandOffQueue<std::unique_ptr<LiveConnection>>;

void serve_from(Queue& queue) {
  while (auto client = queue.pop()) {
    Connection& connection = (*client)->connection;
    for (auto next = connection.start(); next != Connection::Next::kClose;) {
      next = connection.on_ready();
    }
  }
}

void accept_into(Queue& queue, Server& server, LiveConnections& live) {
  for (;;) {
    Listener::Accepted accepted = server.accept(live.size());
    if (accepted.status == Listener::Status::kStopped) {
      return;
    }
    if (accepted.status == Listener::Status::kConnection) {
      queue.push(std::make_unique<LiveConnection>(std::move(accepted.socket), server, live));
    }
  }
}

void run(Server& server) {
  const ServerOptions& options = server.options();
  LiveConnections live;
  Queue queue(options.model.queue);
  WorkerThreads workers(options.model.workers, [&queue](int) { serve_from(queue); });
  // The accepting thread may be waiting for room when the stop comes, so another one makes the connections end.
  std::thread stopper([&] {
    server.wait_for_stop();
    live.drain(options.drain_timeout);
  });
  accept_into(queue, server, live);
  stopper.join();
  live.drain(options.drain_timeout);  // what was accepted last
  queue.close();
}

}  // namespace

const ServerModel kThreadPool{.name = "thread-pool",
                              .summary = "threads made ahead behind a bounded queue, one connection each at a time",
                              .run = run,
                              .family = "blocking",
                              .takes = "workers queue",
                              .default_workers = 10,
                              .serves = ServerModel::Serves::kOnePerWorker};

}  // namespace fanin::server
