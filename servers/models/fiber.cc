// fiber: one thread, a stack per connection.
//
// Idea: One thread has a stack for each connection and switches between them by saving a few registers. A wait
//   switches at any call depth, so ordinary functions need no change: wait() below could be hidden in a read(), as
//   in gevent and Go.
// Costs per connection: a mapping of --stack-size with a guard page (three system calls to create and destroy).
//   Touched pages stay until the connection ends. A Fiber; an epoll registration. Per wait: two switches in user
//   space, no allocation.
// Requires: epoll(7); an architecture that Boost.Context supports.
// Known limit: vm.max_map_count (65530: two mappings per connection). A stack overflow hits the guard page and ends
//   the program.
// Try: fanin-server fiber --port 7000 --stack-size 16384, then `nc 127.0.0.1 7000`.
// Changes from `coroutine`: a whole stack is kept instead of one frame, so no function is marked or compiled
//   differently.
#include "servers/counters.h"
#include "servers/fiber/fiber_waiter.h"
#include "servers/model.h"

namespace fanin::server {
namespace {

struct LoopContext {
  Server& server;
  WaitLoop loop;
  std::size_t open = 0;
};

void serve(LoopContext& context, Fiber& self, net::Descriptor socket) {
  Connection connection(std::move(socket), context.server);
  FiberWaiter waiter(context.loop, connection.fd(), self);
  ++context.open;
  Connection::Next next = connection.start();
  while (next != Connection::Next::kClose && waiter.wait(next)) {
    next = connection.on_ready();
  }
  --context.open;
}

void accept_from(LoopContext& context, Fiber& self, Listener& listener) {
  FiberWaiter waiter(context.loop, listener.fd(), self);
  const ServerOptions& options = context.server.options();
  const auto open = [&context] { return context.open; };
  const auto begin = [&context, &options](net::Descriptor accepted) {
    auto body = [&context, socket = std::move(accepted)](Fiber& fiber) mutable {
      serve(context, fiber, std::move(socket));
    };
    if (!Fiber::start(options.model.stack_bytes, std::move(body))) {
      count(Count::kRefusedResources);  // the socket was closed with the body
    }
  };
  do {
    net::check(waiter.wait(Connection::Next::kRead) ? 0 : -1, "epoll_ctl");
  } while (accept_batch(listener, options.accept_batch, open, begin));
  waiter.unwatch();
  context.loop.begin_drain();
}

void run(Server& server) {
  server.set_nonblocking();
  LoopContext context{.server = server};
  for (Listener& listener : server.listeners()) {
    const auto body = [&context, &listener](Fiber& self) { accept_from(context, self, listener); };
    if (!Fiber::start(server.options().model.stack_bytes, body)) {
      net::throw_errno("cannot map a stack for the listener");
    }
  }
  context.loop.run();
}

}  // namespace

extern const ServerModel kFiber{.name = "fiber",
                                .summary = "one thread, a stack for each connection (Boost.Context), over epoll",
                                .run = run,
                                .family = "coroutine",
                                .threads = ServerModel::Threads::kOne,
                                .takes = "stack-size"};

}  // namespace fanin::server
