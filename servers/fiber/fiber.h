#pragma once

#include <boost/context/fiber.hpp>
#include <cstddef>
#include <exception>
#include <memory>
#include <utility>

#include "servers/fiber/sanitizer_fiber.h"
#include "servers/fiber/stack.h"

namespace fanin::server {

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
