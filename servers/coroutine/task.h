#pragma once

#include <coroutine>
#include <utility>

namespace fanin::server {

// What a coroutine that nobody waits for returns: it begins when it is started and its frame frees itself when it ends.
// Owns the coroutine until then. An exception leaves through whoever resumed it.
//
// In a coroutine a co_await stands in a statement of its own, not behind && or || in the condition of a loop: GCC 12
// waits there whatever the left side says.
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

  // Runs it until it suspends for the first time.
  void start() && { std::move(*this).release().resume(); }

  // Hands it over to someone who will resume it.
  std::coroutine_handle<> release() && noexcept { return std::exchange(coroutine_, nullptr); }

 private:
  explicit Task(std::coroutine_handle<> coroutine) noexcept : coroutine_(coroutine) {}

  std::coroutine_handle<> coroutine_;
};

}  // namespace fanin::server
