#pragma once

#include "servers/fiber/fiber.h"
#include "servers/wait_loop.h"

namespace fanin::server {

// What a fiber waits for its socket with. Used by that fiber alone.
class FiberWaiter final : public Waiter {
 public:
  FiberWaiter(WaitLoop& loop, int fd, Fiber& self) : Waiter(loop, fd), fiber_(self) {}

  // Looks like a blocking call: other fibers run until the socket is ready for `next`. False, at once, where the kernel
  // has no room to watch it.
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
