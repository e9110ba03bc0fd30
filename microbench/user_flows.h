#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <utility>
#include <vector>

#include "servers/coroutine/task.h"
#include "servers/fiber/fiber.h"

// Flows of control that the program switches itself, without the kernel. Coroutines and fibers are those of the server
// models. Each class is used by one thread.
namespace fanin::microbench {

// Coroutines, each of which executes its step whenever it is resumed. Owns them.
class Coroutines {
 public:
  Coroutines() = default;
  Coroutines(const Coroutines&) = delete;
  Coroutines& operator=(const Coroutines&) = delete;
  ~Coroutines();

  // `step()` must not throw.
  template <typename Step>
  void add(Step step) {
    coroutines_.push_back(repeat(std::move(step)).release());
  }
  std::size_t size() const noexcept { return coroutines_.size(); }
  void resume(std::size_t index) const { coroutines_[index].resume(); }

 private:
  template <typename Step>
  static server::Task repeat(Step step) {
    for (;;) {
      step();
      co_await std::suspend_always{};
    }
  }

  std::vector<std::coroutine_handle<>> coroutines_;
};

// The same with fibers.
class Fibers {
 public:
  // Of each fiber: the default of fanin-server's --stack-size.
  static constexpr std::size_t kStackBytes = std::size_t{64} * 1024;

  Fibers() = default;
  Fibers(const Fibers&) = delete;
  Fibers& operator=(const Fibers&) = delete;
  ~Fibers();

  // `step()` must not throw. Throws std::runtime_error if the kernel has no room for the stack.
  template <typename Step>
  void add(Step step) {
    const auto body = [this, step = std::move(step)](server::Fiber& self) mutable {
      fibers_.push_back(&self);
      for (self.suspend(); !ended_; self.suspend()) {
        step();
      }
    };
    if (!server::Fiber::start(kStackBytes, body)) {
      refuse_start();
    }
  }
  std::size_t size() const noexcept { return fibers_.size(); }
  void resume(std::size_t index) const { fibers_[index]->resume(); }

 private:
  [[noreturn]] static void refuse_start();

  std::vector<server::Fiber*> fibers_;
  bool ended_ = false;
};

// A generator coroutine of the numbers 1, 2, ...; std::generator is C++23. Owns its frame.
class Numbers {
 public:
  struct promise_type {
    std::uint64_t value = 0;

    Numbers get_return_object() noexcept { return Numbers(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    std::suspend_always yield_value(std::uint64_t yielded) noexcept {
      value = yielded;
      return {};
    }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };

  static Numbers count();
  Numbers(Numbers&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  Numbers& operator=(Numbers&&) = delete;
  ~Numbers() {
    if (coroutine_) {
      coroutine_.destroy();
    }
  }

  void resume() const { coroutine_.resume(); }
  std::uint64_t value() const noexcept { return coroutine_.promise().value; }

 private:
  explicit Numbers(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_(coroutine) {}

  std::coroutine_handle<promise_type> coroutine_;
};

// A second flow next to the caller. switch_to_and_back(n): control goes to it and back n times, two switches each.
// arrivals() counts in the second flow.

// A generator: the caller resumes it for each value, and it yields to the caller.
class GeneratorFlow {
 public:
  void switch_to_and_back(std::size_t round_trips) const {
    for (; round_trips > 0; --round_trips) {
      numbers_.resume();
    }
  }
  std::uint64_t arrivals() const noexcept { return numbers_.value(); }

 private:
  Numbers numbers_ = Numbers::count();
};

// Two coroutines that transfer control to each other (symmetric transfer), with no loop in between.
class CoroutineFlow {
 public:
  CoroutineFlow();
  CoroutineFlow(const CoroutineFlow&) = delete;
  CoroutineFlow& operator=(const CoroutineFlow&) = delete;
  ~CoroutineFlow();

  // At most some thousands: builds without optimisation nest the transfers on the stack.
  void switch_to_and_back(std::size_t round_trips);
  std::uint64_t arrivals() const noexcept { return arrivals_; }

 private:
  struct TransferTo {
    std::coroutine_handle<> target;

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> /*from*/) const noexcept { return target; }
    void await_resume() const noexcept {}
  };

  server::Task run_first();
  server::Task run_second();

  std::coroutine_handle<> first_;
  std::coroutine_handle<> second_;
  std::size_t left_ = 0;  // round trips
  std::uint64_t arrivals_ = 0;
};

// A fiber, which has a stack of its own.
class FiberFlow {
 public:
  FiberFlow();

  void switch_to_and_back(std::size_t round_trips);
  std::uint64_t arrivals() const noexcept { return arrivals_; }

 private:
  std::uint64_t arrivals_ = 0;
  Fibers fibers_;
};

}  // namespace fanin::microbench
