// fiber: one thread, a stack for each connection.
//
// Idea: as many stacks as connections in one thread, and a switch between them that saves a handful of registers. What
//   would block switches by itself, from however deep a call, so that ordinary functions need not know: wait() below
//   could as well be hidden in a read() (as gevent and Go do).
// Costs per connection: a mapping of --stack-size and its guard page (three system calls to come and go), of which the
//   pages once touched stay until the connection ends, though an idle connection needs almost nothing; a Fiber; an
//   epoll registration. Per wait: two switches in user space, no allocation.
// Needs of the kernel: epoll. Of the machine: an assembler part in Boost.Context.
// Known limit: vm.max_map_count (65530: two mappings for each connection); a stack too small ends the program, at the
//   guard page.
// Try: fanin-server fiber --port 7000 --stack-size 16384, then `nc 127.0.0.1 7000`.
// From coroutine: the whole stack is kept instead of one frame, so no function is marked and nothing is compiled apart.
#include "servers/counters.h"
#include "servers/fiber/fiber_waiter.h"
#include "servers/model.h"

namespace fanin::server {
namespace {

struct Service {
  Server& server;
  WaitLoop loop;
  std::size_t open = 0;
};

void serve(Service& service, Fiber& self, Descriptor socket) {
  Connection connection(std::move(socket), service.server);
  FiberWaiter waiter(service.loop, connection.fd(), self);
  ++service.open;
  Connection::Next next = connection.start();
  while (next != Connection::Next::kClose && waiter.wait(next)) {
    next = connection.on_ready();
  }
  --service.open;
}

void accept_from(Service& service, Fiber& self, Listener& listener) {
  FiberWaiter waiter(service.loop, listener.fd(), self);
  const ServerOptions& options = service.server.options();
  const auto open = [&service] { return service.open; };
  const auto begin = [&service, &options](Descriptor accepted) {
    auto body = [&service, socket = std::move(accepted)](Fiber& fiber) mutable {
      serve(service, fiber, std::move(socket));
    };
    if (!Fiber::start(options.model.stack_bytes, std::move(body))) {
      count(Count::kRefusedResources);  // the socket went with the body; the server lives on
    }
  };
  do {
    check(waiter.wait(Connection::Next::kRead) ? 0 : -1, "epoll_ctl");
  } while (accept_batch(listener, options.accept_batch, open, begin));
  waiter.unwatch();
  service.loop.begin_drain();
}

void run(Server& server) {
  server.set_nonblocking();
  Service service{.server = server};
  for (Listener& listener : server.listeners()) {
    const auto body = [&service, &listener](Fiber& self) { accept_from(service, self, listener); };
    if (!Fiber::start(server.options().model.stack_bytes, body)) {
      throw_errno("cannot map a stack for the listener");
    }
  }
  service.loop.run();
}

}  // namespace

const ServerModel kFiber{.name = "fiber",
                         .summary = "one thread, a stack for each connection (Boost.Context), over epoll",
                         .run = run,
                         .family = "coroutine",
                         .threads = ServerModel::Threads::kOne,
                         .takes = "stack-size"};

}  // namespace fanin::server
