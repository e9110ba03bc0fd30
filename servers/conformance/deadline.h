#pragma once

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string_view>

#include "net/clock.h"

namespace fanin::conformance {

// Whether this program, and so the server built with it, runs under AddressSanitizer or ThreadSanitizer: processes and
// threads cost many times as much, and resident memory shows no leaks.
#if defined(FANIN_ASAN) || defined(FANIN_TSAN)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

// Limit for anything that must happen. Generous: it bounds hangs, it measures nothing.
inline constexpr Nanoseconds kTimeout = std::chrono::seconds(kSanitized ? 40 : 10);

// Ends a case: GoogleTest reports its text as the failure.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The cases themselves lack a resource; this is no fault of the server.
class Shortage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The end of a timeout. A value.
class Deadline {
 public:
  explicit Deadline(Nanoseconds timeout = kTimeout) : at_(now() + timeout) {}

  bool over() const noexcept { return now() >= at_; }
  // The remaining time for poll(2): rounded up, 0 at the end.
  int poll_timeout_ms() const noexcept;

 private:
  TimePoint at_;
};

// Polls until `holds` returns true, for conditions without a descriptor (files of /proc). Throws Failure naming `what`
// at the timeout.
void wait_until(std::string_view what, const std::function<bool()>& holds, Nanoseconds timeout = kTimeout);

}  // namespace fanin::conformance
