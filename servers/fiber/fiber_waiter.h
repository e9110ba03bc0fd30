#pragma once

#include "servers/fiber/fiber.h"
#include "servers/wait_loop.h"

namespace fanin::server {

// Waits for the socket of a fiber. Used by that fiber alone.
class FiberWaiter final : public Waiter {
 public:
  FiberWaiter(WaitLoop& loop, int fd, Fiber& self) : Waiter(loop, fd), fiber_(self) {}

  // Blocks the fiber until the socket is ready for `next`, while other fibers run. False, at once, if the kernel cannot
  // watch the socket.
  bool wait(Connection::Next next) {
    if (!watch(next)) {
      return false;
    }
    fiber_.suspend();
    return true;
  }

 private:
  void wake() override { fiber_.resume(); }

  Fiber& fiber_;
};

}  // namespace fanin::server
