// work-stealing: coroutines over several threads, resumed by any idle one (as goroutines are).
//
// Idea: The code of a connection is that of `coroutine`. As many threads as CPUs share one epoll instance. A thread
//   that takes several events resumes the first coroutine and queues the others in its run queue, from which idle
//   threads steal. So simultaneous events spread over the CPUs, and nothing waits behind a slow request while a
//   thread is idle. A socket is armed for one event at a time (EPOLLONESHOT), so a coroutine is never resumed twice
//   and needs no lock.
// Costs per connection: a frame on the heap; an epoll registration; a lock at its begin and at its end. Per wait: an
//   epoll_ctl(MOD), the lock of the thread's own queue and of the queues that it looks into, which are mostly
//   uncontended.
// Requires: EPOLLONESHOT, eventfd(2); a C++20 compiler.
// Known limit: connections migrate between CPUs. The threads contend for the lock of the epoll instance. Coroutines
//   are not preempted: a computation holds its thread, but not the others.
// Try: fanin-server work-stealing --workers 4 --protocol work --port 7000, apply load, see `workers.handed_over`.
// Changes from `fiber`: a flow of control is not tied to a thread. From `epoll-oneshot`: straight-line code, and
//   several events per wait, because other threads can steal the surplus.
#include "servers/connection_table.h"
#include "servers/coroutine/task.h"
#include "servers/model.h"
#include "servers/work_stealing/scheduler.h"
#include "servers/worker_threads.h"

namespace fanin::server {
namespace {

struct LoopContext {
  Server& server;
  LiveConnections live;
  Scheduler scheduler;
};

Task serve(LoopContext& context, net::Descriptor accepted) {
  LiveConnection client(std::move(accepted), context.server, context.live);
  ScheduledSocket socket(context.scheduler, client.connection.fd());
  Connection::Next next = client.connection.start();
  while (next != Connection::Next::kClose) {
    if (!co_await socket.ready(next)) {
      break;
    }
    next = client.connection.on_ready();
  }
}

void run(Server& server) {
  const ServerOptions& options = server.options();
  server.accept_nonblocking();
  LoopContext context{.server = server, .live = {}, .scheduler = Scheduler(options.model.workers)};
  const WorkerThreads workers(options.model.workers, [&context](int worker) { context.scheduler.work(worker); });
  while (net::Descriptor socket = server.next_connection([&context] { return context.live.size(); })) {
    serve(context, std::move(socket)).start();  // to its first wait; then the workers resume it
  }
  context.live.drain(options.drain_timeout);
  context.scheduler.close();
}

}  // namespace

extern const ServerModel kWorkStealing{.name = "work-stealing",
                                       .summary = "coroutines over several threads that steal work from each other",
                                       .run = run,
                                       .family = "coroutine",
                                       .takes = "workers"};

}  // namespace fanin::server
