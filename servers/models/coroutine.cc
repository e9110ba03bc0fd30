// coroutine: one thread, a stackless coroutine per connection.
//
// Idea: The code of a connection reads like the blocking version, from accept to close. The compiler splits it at
//   every co_await into parts that an event loop resumes. State that a callback design keeps in objects is in local
//   variables in the coroutine frame.
// Costs per connection: a frame on the heap (about the size of its Connection), allocated once; an epoll
//   registration. Per wait: an indirect call, no system call, no allocation.
// Requires: epoll(7); a C++20 compiler.
// Known limit: as `epoll`. Only the coroutine itself can suspend, not the functions that it calls: a library that
//   blocks, blocks all connections.
// Try: fanin-server coroutine --port 7000, then `nc 127.0.0.1 7000`.
// Changes from `epoll`: the same loop and system calls; an event leads to a coroutine handle instead of a table of
//   connections.
#include "servers/coroutine/coroutine_waiter.h"
#include "servers/coroutine/task.h"
#include "servers/model.h"

namespace fanin::server {
namespace {

struct LoopContext {
  Server& server;
  WaitLoop loop;
  std::size_t open = 0;
};

Task serve(LoopContext& context, net::Descriptor socket) {
  Connection connection(std::move(socket), context.server);
  CoroutineWaiter waiter(context.loop, connection.fd());
  ++context.open;
  Connection::Next next = connection.start();
  while (next != Connection::Next::kClose) {
    if (!co_await waiter.ready(next)) {
      break;
    }
    next = connection.on_ready();
  }
  --context.open;
}

Task accept_from(LoopContext& context, Listener& listener) {
  CoroutineWaiter waiter(context.loop, listener.fd());
  const auto open = [&context] { return context.open; };
  const auto begin = [&context](net::Descriptor socket) { serve(context, std::move(socket)).start(); };
  do {
    net::check(co_await waiter.ready(Connection::Next::kRead) ? 0 : -1, "epoll_ctl");
  } while (accept_batch(listener, context.server.options().accept_batch, open, begin));
  waiter.unwatch();
  context.loop.begin_drain();
}

void run(Server& server) {
  server.set_nonblocking();
  LoopContext context{.server = server};
  for (Listener& listener : server.listeners()) {
    accept_from(context, listener).start();
  }
  context.loop.run();
}

}  // namespace

extern const ServerModel kCoroutine{.name = "coroutine",
                                    .summary = "one thread, a C++20 coroutine for each connection, over epoll",
                                    .run = run,
                                    .family = "coroutine",
                                    .threads = ServerModel::Threads::kOne};

}  // namespace fanin::server
