#pragma once

#include <cstdint>

#include "net/clock.h"

namespace fanin::load {

// Accounts for the time that a loop spins away, so that it does not pass for work, and for the machine's stalls: when
// it reads the clock kMinPreemption later than it can have worked since the last time, it did not run in between. One
// thread, which reports every reading of the clock.
class BusyPollMeter {
 public:
  static constexpr Nanoseconds kMinPreemption = std::chrono::microseconds(20);  // a few system calls are done within it
  // What a request may add: several times what it takes in user space, or with a system call of its own.
  static constexpr Nanoseconds kPipelined = std::chrono::microseconds(2);
  static constexpr Nanoseconds kSubmitted = std::chrono::microseconds(20);

  explicit BusyPollMeter(Nanoseconds per_request = kPipelined) : per_request_(per_request) {}

  struct Preemptions {
    std::uint64_t count = 0;
    Nanoseconds total{0};
    Nanoseconds longest{0};
  };

  // The loop looked at `at` and found nothing to do. counts: whether that is in the window.
  void idle(TimePoint at, bool counts) noexcept {
    const Nanoseconds gap = assess(at, 0, counts && resting_);
    if (resting_ && counts && gap < kMinPreemption) {
      spun_ += gap;
    }
    resting_ = true;
  }
  // It has something to do at `at`, and handled `requests` at most (one sent, or one reply) since the last reading.
  void busy(TimePoint at, std::uint64_t requests, bool counts) noexcept {
    assess(at, requests, counts);
    resting_ = false;
  }
  // It does something that is no request, which may take any time.
  void skip_interval() noexcept {
    resting_ = false;
    comparable_ = false;
  }
  // Everything that was due has been sent, so that no earlier stall can make a later request late.
  void reset_backlog() noexcept { preempted_ = Nanoseconds(0); }

  // What stalls have taken since the loop had caught up last: what leaves now could have left so much earlier.
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
