#pragma once

#include <coroutine>
#include <utility>

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

}  // namespace fanin::server
