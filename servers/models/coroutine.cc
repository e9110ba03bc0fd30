// coroutine: one thread, a stackless coroutine for each connection.
//
// Idea: the code of a connection reads like the blocking one, from accept to close, and the compiler cuts it at every
//   co_await into pieces that an event loop resumes. What a callback design keeps in objects by hand, the coroutine
//   frame keeps as local variables.
// Costs per connection: a frame on the heap (about as large as the Connection in it), allocated once, when the
//   coroutine is called; an epoll registration. Per wait: an indirect call, no system call, no allocation.
// Needs of the kernel: epoll. Of the compiler: C++20.
// Known limit: as epoll. Only the function itself can suspend, not what it calls: a library that blocks, blocks all.
// Try: fanin-server coroutine --port 7000, then `nc 127.0.0.1 7000`.
// From epoll: the same loop and the same system calls; who goes on after an event is found in a coroutine handle
//   instead of a table of connections.
#include "servers/coroutine/coroutine_waiter.h"
#include "servers/coroutine/task.h"
#include "servers/model.h"

namespace fanin::server {
namespace {

struct Service {
  Server& server;
  WaitLoop loop;
  std::size_t open = 0;
};

Task serve(Service& service, Descriptor socket) {
  Connection connection(std::move(socket), service.server);
  CoroutineWaiter waiter(service.loop, connection.fd());
  ++service.open;
  Connection::Next next = connection.start();
  while (next != Connection::Next::kClose) {
    if (!co_await waiter.ready(next)) {
      break;
    }
    next = connection.on_ready();
  }
  --service.open;
}

Task accept_from(Service& service, Listener& listener) {
  CoroutineWaiter waiter(service.loop, listener.fd());
  const auto open = [&service] { return service.open; };
  const auto begin = [&service](Descriptor socket) { serve(service, std::move(socket)).start(); };
  do {
    check(co_await waiter.ready(Connection::Next::kRead) ? 0 : -1, "epoll_ctl");
  } while (accept_batch(listener, service.server.options().accept_batch, open, begin));
  waiter.unwatch();
  service.loop.begin_drain();
}

void run(Server& server) {
  server.set_nonblocking();
  Service service{.server = server};
  for (Listener& listener : server.listeners()) {
    accept_from(service, listener).start();
  }
  service.loop.run();
}

}  // namespace

const ServerModel kCoroutine{.name = "coroutine",
                             .summary = "one thread, a C++20 coroutine for each connection, over epoll",
                             .run = run,
                             .family = "coroutine",
                             .threads = ServerModel::Threads::kOne};

}  // namespace fanin::server
