// work-stealing: coroutines over several threads, resumed by whichever is free (as goroutines are).
//
// Idea: the code of a connection is that of `coroutine`. Below it as many threads as CPUs share one epoll set. A thread
//   that takes several events resumes the coroutine of the first and puts the others into its run queue, from which
//   threads with nothing to do steal. So what became ready together is spread over the CPUs, and nothing waits behind a
//   slow request while a thread is idle. A socket is armed for one event at a time (EPOLLONESHOT) and belongs to the
//   set while it is armed, so a coroutine is never resumed twice, and needs no lock.
// Costs per connection: a frame on the heap; an epoll registration; a lock when it begins and when it ends. Per wait:
//   an epoll_ctl(MOD), a lock of the thread's own queue and of those that it looks into, which are mostly free.
// Needs of the kernel: EPOLLONESHOT, eventfd. Of the compiler: C++20.
// Known limit: a connection wanders between CPUs. All threads meet at the set's lock in the kernel. A coroutine is not
//   interrupted: one that computes holds its thread, but no longer all the others.
// Try: fanin-server work-stealing --workers 4 --protocol work --port 7000, then load it and look at
// workers.handed_over. From fiber: a flow of control is no longer tied to a thread. From epoll-oneshot: straight-line
// code, and many events
//   for a wait, because a thread's surplus can be taken by others.
#include "servers/coroutine/task.h"
#include "servers/live_connections.h"
#include "servers/model.h"
#include "servers/work_stealing/scheduler.h"
#include "servers/worker_threads.h"

namespace fanin::server {
namespace {

struct Service {
  Server& server;
  LiveConnections live;
  Scheduler scheduler;
};

Task serve(Service& service, Descriptor accepted) {
  LiveConnection client(std::move(accepted), service.server, service.live);
  ScheduledSocket socket(service.scheduler, client.connection.fd());
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
  Service service{.server = server, .live = {}, .scheduler = Scheduler(options.model.workers)};
  const WorkerThreads workers(options.model.workers, [&service](int worker) { service.scheduler.work(worker); });
  for (;;) {
    Listener::Accepted accepted = server.accept(service.live.size());
    if (accepted.status == Listener::Status::kStopped) {
      break;
    }
    if (accepted.status == Listener::Status::kConnection) {
      serve(service, std::move(accepted.socket)).start();  // up to its first wait; the workers have it from there
    }
  }
  service.live.drain(options.drain_timeout);
  service.scheduler.close();
}

}  // namespace

const ServerModel kWorkStealing{.name = "work-stealing",
                                .summary = "coroutines over several threads that steal runnable ones from each other",
                                .run = run,
                                .family = "coroutine",
                                .takes = "workers"};

}  // namespace fanin::server
