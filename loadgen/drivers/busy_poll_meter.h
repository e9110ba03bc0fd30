#pragma once

#include <cstdint>

#include "net/clock.h"

namespace fanin::load {

// Separates the time that a busy-polling loop spins from its work, and detects preemptions: if a clock reading comes
// kMinPreemption later than the work since the last one explains, the thread did not run in between. The loop reports
// every reading of the clock. One thread.
class BusyPollMeter {
 public:
  static constexpr Nanoseconds kMinPreemption = std::chrono::microseconds(20);  // longer than a few system calls
  // Upper bound of the work per request: several times its cost in user space, or with a system call of its own.
  static constexpr Nanoseconds kPipelined = std::chrono::microseconds(2);
  static constexpr Nanoseconds kSubmitted = std::chrono::microseconds(20);

  explicit BusyPollMeter(Nanoseconds per_request = kPipelined) : per_request_(per_request) {}

  struct Preemptions {
    std::uint64_t count = 0;
    Nanoseconds total{0};
    Nanoseconds longest{0};
  };

  // An empty poll at `at`. counts: whether that is in the window.
  void idle(TimePoint at, bool counts) noexcept {
    const Nanoseconds gap = assess(at, 0, counts && resting_);
    if (resting_ && counts && gap < kMinPreemption) {
      spun_ += gap;
    }
    resting_ = true;
  }
  // Work at `at`, after at most `requests` requests or replies since the last reading.
  void busy(TimePoint at, std::uint64_t requests, bool counts) noexcept {
    assess(at, requests, counts);
    resting_ = false;
  }
  // Non-request work, which may take any time: the interval until the next reading is not checked.
  void skip_interval() noexcept {
    resting_ = false;
    comparable_ = false;
  }
  // All due requests are sent, so earlier preemptions cannot delay later requests.
  void reset_backlog() noexcept { preempted_ = Nanoseconds(0); }

  // Time lost to preemptions since reset_backlog(): a request sent now could have left that much earlier.
  Nanoseconds preempted() const noexcept { return preempted_; }
  Nanoseconds spun() const noexcept { return spun_; }
  const Preemptions& preemptions() const noexcept { return preemptions_; }

 private:
  // Returns the time since the last reading.
  Nanoseconds assess(TimePoint at, std::uint64_t requests, bool counts) noexcept {
    const Nanoseconds gap = at - since_;
    const Nanoseconds taken = gap - per_request_ * static_cast<std::int64_t>(requests);
    if (taken >= kMinPreemption && comparable_) [[unlikely]] {
      preempted_ += taken;
      if (counts) {
        ++preemptions_.count;
        preemptions_.total += taken;
        preemptions_.longest = taken > preemptions_.longest ? taken : preemptions_.longest;
      }
    }
    since_ = at;
    comparable_ = true;
    return gap;
  }

  Nanoseconds per_request_;
  bool comparable_ = false;
  bool resting_ = false;
  TimePoint since_{};
  Nanoseconds preempted_{0};
  Nanoseconds spun_{0};
  Preemptions preemptions_;
};

}  // namespace fanin::load
