#pragma once

#include <boost/context/fiber.hpp>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#if defined(FANIN_ASAN)
#include <sanitizer/common_interface_defs.h>
#endif

namespace fanin::server {

// A stack with a guard page below it, so that an overflow ends the program instead of overwriting other memory.
// Untouched pages use no memory. Owns the mapping.
class Stack {
 public:
  // Rounds up to whole pages. Empty if the kernel has no room.
  static std::optional<Stack> make(std::size_t bytes) noexcept;
  Stack(Stack&& other) noexcept : mapping_(std::exchange(other.mapping_, nullptr)), bytes_(other.bytes_) {}
  Stack& operator=(Stack&&) = delete;
  ~Stack();

  const void* bottom() const noexcept;
  std::size_t size() const noexcept { return bytes_; }

  // For Boost.Context, which starts at the top and must not free the memory.
  boost::context::preallocated borrowed() const noexcept;
  struct LeaveAlone {
    void deallocate(boost::context::stack_context& /*stack*/) const noexcept {}
  };

 private:
  Stack(char* mapping, std::size_t bytes) noexcept : mapping_(mapping), bytes_(bytes) {}

  char* mapping_;  // the guard page, then the stack
  std::size_t bytes_;
};

// Annotations of stack switches for AddressSanitizer; empty in other builds. One per fiber. Call order: leave, arrive
// (in the fiber), leave_fiber, arrive_back. ThreadSanitizer gets none: it would count the functions of Boost.Context
// that a fiber passes at its end as left on the wrong stack. It sees one thread with odd call stacks, which is harmless
// while only one thread switches.
class SanitizerFiber {
 public:
#if defined(FANIN_ASAN)
  void leave(const void* bottom, std::size_t size) noexcept {
    ::__sanitizer_start_switch_fiber(&caller_fake_stack_, bottom, size);
  }
  void arrive() noexcept { ::__sanitizer_finish_switch_fiber(fake_stack_, &caller_bottom_, &caller_size_); }
  void leave_fiber(bool for_good) noexcept {
    ::__sanitizer_start_switch_fiber(for_good ? nullptr : &fake_stack_, caller_bottom_, caller_size_);
  }
  void arrive_back() noexcept { ::__sanitizer_finish_switch_fiber(caller_fake_stack_, nullptr, nullptr); }

 private:
  void* fake_stack_ = nullptr;
  void* caller_fake_stack_ = nullptr;
  const void* caller_bottom_ = nullptr;
  std::size_t caller_size_ = 0;
#else
  void leave(const void* /*bottom*/, std::size_t /*size*/) noexcept {}
  void arrive() noexcept {}
  void leave_fiber(bool /*for_good*/) noexcept {}
  void arrive_back() noexcept {}
#endif
};

// A flow of control on its own stack: resume() continues it, suspend() returns from any call depth. Frees itself when
// its body returns. One thread.
class Fiber {
 public:
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Runs `body(Fiber& self)` to its first suspension. False, with the body destroyed, if there is no memory for a
  // stack. Exceptions of the body leave through start() or resume().
  template <typename Body>
  static bool start(std::size_t stack_bytes, Body body) {
    std::optional<Stack> stack = Stack::make(stack_bytes);
    if (!stack) {
      return false;
    }
    auto* fiber = new Fiber(std::move(*stack));
    fiber->context_ = boost::context::fiber(std::allocator_arg, fiber->stack_.borrowed(), Stack::LeaveAlone{},
                                            [fiber, body = std::move(body)](boost::context::fiber&& caller) mutable {
                                              fiber->begin(std::move(caller));
                                              try {
                                                Body here(std::move(body));
                                                here(*fiber);
                                              } catch (...) {
                                                fiber->error_ = std::current_exception();
                                              }
                                              return fiber->end();
                                            });
    fiber->resume();
    return true;
  }

  // Called from outside: runs it until it suspends or ends; at its end it is freed.
  void resume();

  // Called from inside: returns to the resumer.
  void suspend();

 private:
  explicit Fiber(Stack stack) noexcept : stack_(std::move(stack)) {}
  ~Fiber() = default;

  void begin(boost::context::fiber&& caller) noexcept;
  boost::context::fiber end() noexcept;

  Stack stack_;
  SanitizerFiber sanitizer_;
  boost::context::fiber context_;  // its own context while it is suspended
  boost::context::fiber caller_;   // its resumer's context while it runs
  std::exception_ptr error_;
  bool ended_ = false;
};

}  // namespace fanin::server
