#pragma once

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string_view>

#include "net/clock.h"

namespace fanin::conformance {

// Whether this program, and so the server that was built with it, runs under AddressSanitizer or ThreadSanitizer: a
// process or thread then costs many times as much, and resident memory says nothing about leaks.
#if defined(FANIN_ASAN) || defined(FANIN_TSAN)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

// How long anything that must happen may take before it counts as never. Generous: it bounds hangs, it measures
// nothing.
inline constexpr Nanoseconds kPatience = std::chrono::seconds(kSanitized ? 40 : 10);

// What ends a case at once: the test framework reports its text as the failure.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What the cases themselves take is not to be had, which says nothing about the server.
class Shortage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A moment after which something counts as never. A value.
class Deadline {
 public:
  explicit Deadline(Nanoseconds patience = kPatience) : at_(now() + patience) {}

  bool over() const noexcept { return now() >= at_; }
  // What is left, as poll(2) takes it: rounded up, 0 when over.
  int poll_timeout_ms() const noexcept;

 private:
  TimePoint at_;
};

// Looks again and again until `holds` says yes, for conditions that no descriptor announces (files of /proc). Throws
// Failure naming `what` when the patience is over.
void wait_until(std::string_view what, const std::function<bool()>& holds, Nanoseconds patience = kPatience);

}  // namespace fanin::conformance
