#pragma once

#include <cstdint>

#include "net/clock.h"

namespace fanin::load {

// Accounts for the time that a loop spins away, so that it does not pass for work, and for the machine's stalls: when
// it reads the clock kStall later than it can have worked since the last time, it did not run in between. One thread,
// which reports every reading of the clock.
class BusyPollMeter {
 public:
  static constexpr Nanoseconds kStall = std::chrono::microseconds(20);  // a few system calls are done within it
  // What a request may add: several times what it takes in user space, or with a system call of its own.
  static constexpr Nanoseconds kPipelined = std::chrono::microseconds(2);
  static constexpr Nanoseconds kSubmitted = std::chrono::microseconds(20);

  explicit BusyPollMeter(Nanoseconds per_request = kPipelined) : per_request_(per_request) {}

  struct Stalls {
    std::uint64_t count = 0;
    Nanoseconds total{0};
    Nanoseconds longest{0};
  };

  // The loop looked at `at` and found nothing to do. counts: whether that is in the window.
  void idle(TimePoint at, bool counts) noexcept {
    const Nanoseconds gap = judge(at, 0, counts && resting_);
    if (resting_ && counts && gap < kStall) {
      spun_ += gap;
    }
    resting_ = true;
  }
  // It has something to do at `at`, and handled `requests` at most (one sent, or one reply) since the last reading.
  void busy(TimePoint at, std::uint64_t requests, bool counts) noexcept {
    judge(at, requests, counts);
    resting_ = false;
  }
  // It does something that is no request, which may take any time.
  void skip_interval() noexcept {
    resting_ = false;
    comparable_ = false;
  }
  // Everything that was due has been sent, so that no earlier stall can make a later request late.
  void reset_backlog() noexcept { stolen_ = Nanoseconds(0); }

  // What stalls have taken since the loop had caught up last: what leaves now could have left so much earlier.
  Nanoseconds stolen() const noexcept { return stolen_; }
  Nanoseconds spun() const noexcept { return spun_; }
  const Stalls& stalls() const noexcept { return stalls_; }

 private:
  // Returns the time since the last reading.
  Nanoseconds judge(TimePoint at, std::uint64_t requests, bool counts) noexcept {
    const Nanoseconds gap = at - since_;
    const Nanoseconds taken = gap - per_request_ * static_cast<std::int64_t>(requests);
    if (taken >= kStall && comparable_) [[unlikely]] {
      stolen_ += taken;
      if (counts) {
        ++stalls_.count;
        stalls_.total += taken;
        stalls_.longest = taken > stalls_.longest ? taken : stalls_.longest;
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
  Nanoseconds stolen_{0};
  Nanoseconds spun_{0};
  Stalls stalls_;
};

}  // namespace fanin::load
