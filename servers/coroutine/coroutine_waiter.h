#pragma once

#include <coroutine>

#include "servers/wait_loop.h"

namespace fanin::server {

// Waits for the socket of a coroutine: `if (!co_await waiter.ready(next)) co_return;`.
class CoroutineWaiter final : public Waiter {
 public:
  using Waiter::Waiter;

  // Awaitable: suspends until the socket is ready for `next`. False, at once, if the kernel cannot watch it.
  auto ready(Connection::Next next) {
    struct Ready {
      CoroutineWaiter& waiter;
      bool watched;

      bool await_ready() const noexcept { return !watched; }
      void await_suspend(std::coroutine_handle<> coroutine) const noexcept { waiter.coroutine_ = coroutine; }
      bool await_resume() const noexcept { return watched; }
    };
    return Ready{*this, watch(next)};
  }

 private:
  void wake() override { coroutine_.resume(); }

  std::coroutine_handle<> coroutine_;
};

}  // namespace fanin::server
