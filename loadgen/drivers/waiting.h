#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/clock.h"

namespace fanin {

// How an event loop passes the time until something is due. Asleep, it leaves its CPU to others and pays for it with
// the wake-up: 40 us and more where an idle virtual CPU is halted, which would make sends late and replies look late.
enum class WaitKind { kSleep, kSpin };

struct WaitChoice {
  WaitKind kind = WaitKind::kSleep;
  std::string reason;
};

// What the choice rests on.
struct WaitCircumstances {
  std::string wish = "auto";  // auto, sleep or spin
  bool open_loop = false;
  bool event_loops = true;  // one thread per connection is too many to spin
  unsigned threads = 1;
  std::vector<int> own_cpus;     // that the generator may use
  std::vector<int> server_cpus;  // that the server may use; empty: not known
  bool pinned = false;           // own_cpus are fewer than the machine has, so somebody has divided them
};

// auto spins in an open loop where every thread can have a CPU that the server does not need. A closed loop sleeps: it
// has no schedule to keep, and its CPU cost per request is one of its results.
// Throws std::invalid_argument for an unknown wish or one that cannot be granted.
WaitChoice choose_wait(const WaitCircumstances& circumstances);

std::string_view wait_name(WaitKind kind) noexcept;

// Accounts for the time that a loop spins away, so that it does not pass for work, and for the machine's stalls: a loop
// that has nothing to do but look again, and gets to it kStall later or more, did not run in between. One thread.
class SpinMeter {
 public:
  static constexpr Nanoseconds kStall = std::chrono::microseconds(20);

  struct Stalls {
    std::uint64_t count = 0;
    Nanoseconds total{0};
    Nanoseconds longest{0};
    Nanoseconds late{0};  // what is due in this part of them cannot leave within the tolerance
  };

  // `tolerance`: how late a send may be.
  explicit SpinMeter(Nanoseconds tolerance = kStall) : tolerance_(tolerance) {}

  // The loop looked at `at` and found nothing to do. counts: whether that is in the window.
  void idle(TimePoint at, bool counts) noexcept {
    if (resting_ && counts) {
      const Nanoseconds gap = at - since_;
      if (gap < kStall) {
        spun_ += gap;
      } else {
        ++stalls_.count;
        stalls_.total += gap;
        stalls_.longest = gap > stalls_.longest ? gap : stalls_.longest;
        stalls_.late += gap > tolerance_ ? gap - tolerance_ : Nanoseconds(0);
      }
    }
    since_ = at;
    resting_ = true;
  }
  // The loop does something else before it looks again.
  void work() noexcept { resting_ = false; }

  Nanoseconds spun() const noexcept { return spun_; }
  const Stalls& stalls() const noexcept { return stalls_; }

 private:
  Nanoseconds tolerance_;
  bool resting_ = false;
  TimePoint since_{};
  Nanoseconds spun_{0};
  Stalls stalls_;
};

}  // namespace fanin
