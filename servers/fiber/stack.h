#pragma once

#include <boost/context/fiber.hpp>
#include <cstddef>
#include <optional>
#include <utility>

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

}  // namespace fanin::server
