#pragma once

#include <coroutine>
#include <utility>

#include "servers/wait_loop.h"

namespace fanin::server {

// Return type of a detached coroutine: it runs when started and frees its frame at its end. Owns the coroutine until it
// is started. Exceptions propagate to the resumer.
// Write co_await as a statement of its own, not behind && or || in a loop condition: GCC 12 awaits there whatever the
// left side is.
class [[nodiscard]] Task {
 public:
  struct promise_type {
    Task get_return_object() noexcept { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const { throw; }
  };

  Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (coroutine_) {
      coroutine_.destroy();
    }
  }

  // Runs it to its first suspension.
  void start() && { std::move(*this).release().resume(); }

  // Releases the handle to its resumer.
  std::coroutine_handle<> release() && noexcept { return std::exchange(coroutine_, nullptr); }

 private:
  explicit Task(std::coroutine_handle<> coroutine) noexcept : coroutine_(coroutine) {}

  std::coroutine_handle<> coroutine_;
};

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
