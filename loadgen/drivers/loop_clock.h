#pragma once

#include <sys/timerfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "loadgen/plan/plan.h"
#include "loadgen/records/clock.h"
#include "loadgen/records/recorder.h"
#include "loadgen/schedule/workload.h"
#include "net/descriptor.h"

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

// How an event loop waits and looks after what no event reports.
struct LoopTiming {
  bool spins = false;       // polls without waiting
  bool timed = false;       // a schedule or pauses: waits need a timeout
  Nanoseconds per_request;  // see BusyPollMeter
};

// The time of an event loop: its latest reading of the clock, its ticks, and the preemptions between two readings. All
// work for requests reads the clock by read(); other work calls skip_interval(). One thread.
class LoopClock {
 public:
  // `workload` and `recorder` must outlive this.
  LoopClock(const LoopTiming& timing, const Workload& workload, Recorder& recorder)
      : timing_(timing), workload_(workload), recorder_(recorder), meter_(timing.per_request) {}

  TimePoint now() const noexcept { return now_; }  // latest reading
  // `replies`: upper bound of the replies that have come and are not reported yet.
  void read(std::size_t replies = 0) noexcept {
    now_ = net::now();
    if (spins()) {
      detect_preemption(replies);
    }
  }
  // At the start of a phase: the time before is not looked at.
  void restart() noexcept { now_ = net::now(); }
  // After an empty poll. In a loop that sleeps it is a spurious wakeup, neither spinning nor a preemption.
  void read_idle() noexcept;
  void skip_interval() noexcept { meter_.skip_interval(); }
  void reset_backlog() noexcept { meter_.reset_backlog(); }
  const BusyPollMeter& meter() const noexcept { return meter_; }

  // The traffic begins; before, the loop waits for its connections and sleeps.
  void start_traffic() noexcept { traffic_ = true; }
  bool traffic() const noexcept { return traffic_; }
  bool spins() const noexcept { return traffic_ && timing_.spins && !rests_; }
  // Whether another target has its slice: a loop that spins sleeps until its own, so that one CPU is enough for the
  // loops of all targets.
  void rest(bool rests) noexcept {
    if (rests_ && !rests) {
      meter_.skip_interval();
    }
    rests_ = rests;
  }
  bool timed() const noexcept { return traffic_ && timing_.timed; }

  // Ticks come from a timerfd watched like a connection: a wait without a timeout is cheaper than one with a timeout.
  // Each of these throws std::system_error.
  int open_timer();
  void start_ticks(TimePoint first);
  void timer_expired() noexcept;
  void close_timer() noexcept { timer_.reset(); }
  // Time to check timeouts, interrupts and the like.
  bool tick_is_due() const noexcept { return now_ >= next_tick_; }
  TimePoint next_tick() const noexcept { return next_tick_; }
  void advance_tick() noexcept { next_tick_ = now_ + kTick; }

 private:
  void detect_preemption(std::size_t replies) noexcept;

  const LoopTiming timing_;
  const Workload& workload_;
  Recorder& recorder_;
  BusyPollMeter meter_;
  std::uint64_t handled_ = 0;  // requests handled when the meter was updated last
  bool traffic_ = false;
  bool rests_ = false;
  TimePoint now_{};
  TimePoint next_tick_{};
  net::Descriptor timer_;
};

inline void LoopClock::read_idle() noexcept {
  now_ = net::now();
  if (spins()) {
    handled_ = workload_.handled();
    meter_.idle(now_, recorder_.counts(now_));
    recorder_.preempted(meter_.preempted());
  }
}

inline void LoopClock::detect_preemption(std::size_t replies) noexcept {
  const std::uint64_t before = std::exchange(handled_, workload_.handled());
  meter_.busy(now_, handled_ - before + replies, recorder_.counts(now_));
  recorder_.preempted(meter_.preempted());
}

inline int LoopClock::open_timer() {
  timer_.reset(net::check(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create"));
  return timer_.get();
}

inline void LoopClock::start_ticks(TimePoint first) {
  const itimerspec spec{net::to_timespec(kTick), net::to_timespec(first.time_since_epoch())};
  net::check(::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr), "timerfd_settime");
  next_tick_ = first;
}

inline void LoopClock::timer_expired() noexcept {
  std::uint64_t expirations = 0;
  [[maybe_unused]] const ssize_t length = ::read(timer_.get(), &expirations, sizeof expirations);  // restarts it
  read();
}

}  // namespace fanin::load
