#pragma once

#include <boost/context/fiber.hpp>
#include <cstddef>
#include <exception>
#include <memory>
#include <utility>

#include "servers/fiber/sanitizer_fiber.h"
#include "servers/fiber/stack.h"

namespace fanin::server {

// A flow of control on a stack of its own, which goes on when it is resumed and comes back when it suspends, from
// however deep a call. Owns itself: it is gone when its body has returned. One thread.
class Fiber {
 public:
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Runs `body(Fiber& self)` until it suspends for the first time. False, with the body destroyed, where there is no
  // memory for a stack. Exceptions of the body leave through start() or resume().
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

  // From outside: lets it run until it suspends or ends; then it is gone.
  void resume();

  // From inside: back to whoever resumed it.
  void suspend();

 private:
  explicit Fiber(Stack stack) noexcept : stack_(std::move(stack)) {}
  ~Fiber() = default;

  void begin(boost::context::fiber&& caller) noexcept;
  boost::context::fiber end() noexcept;

  Stack stack_;
  SanitizerFiber sanitizer_;
  boost::context::fiber context_;  // where it goes on, while it is suspended
  boost::context::fiber caller_;   // where its resumer goes on, while it runs
  std::exception_ptr error_;
  bool ended_ = false;
};

}  // namespace fanin::server
