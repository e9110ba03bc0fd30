#pragma once

#include <boost/context/fiber.hpp>
#include <cstddef>
#include <optional>
#include <utility>

namespace fanin::server {

// Memory for one flow of control, with a page below it that must not be touched, so that an overflow ends the program
// instead of overwriting a neighbour. Pages that were never reached are not real. Owns the mapping.
class Stack {
 public:
  // Rounded up to whole pages. Nothing where the kernel has no room for it.
  static std::optional<Stack> make(std::size_t bytes) noexcept;
  Stack(Stack&& other) noexcept : mapping_(std::exchange(other.mapping_, nullptr)), bytes_(other.bytes_) {}
  Stack& operator=(Stack&&) = delete;
  ~Stack();

  const void* bottom() const noexcept;
  std::size_t size() const noexcept { return bytes_; }

  // For Boost.Context, which begins at the top and must leave the memory alone in the end.
  boost::context::preallocated borrowed() const noexcept;
  struct LeaveAlone {
    void deallocate(boost::context::stack_context& /*stack*/) const noexcept {}
  };

 private:
  Stack(char* mapping, std::size_t bytes) noexcept : mapping_(mapping), bytes_(bytes) {}

  char* mapping_;  // the guard page, then the stack
  std::size_t bytes_;
};

}  // namespace fanin::server
