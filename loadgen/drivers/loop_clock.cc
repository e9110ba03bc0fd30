#include "loadgen/drivers/loop_clock.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <utility>

namespace fanin::load {

void LoopClock::read_idle() noexcept {
  now_ = fanin::now();
  if (timing_.spins) {
    handled_ = workload_.handled();
    meter_.idle(now_, recorder_.counts(now_));
    recorder_.preempted(meter_.preempted());
  }
}

void LoopClock::detect_preemption(std::size_t replies) noexcept {
  const std::uint64_t before = std::exchange(handled_, workload_.handled());
  meter_.busy(now_, handled_ - before + replies, recorder_.counts(now_));
  recorder_.preempted(meter_.preempted());
}

int LoopClock::open_timer() {
  timer_.reset(check(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create"));
  return timer_.get();
}

void LoopClock::start_ticks(TimePoint first) {
  const itimerspec spec{to_timespec(timing_.tick), to_timespec(first.time_since_epoch())};
  check(::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr), "timerfd_settime");
  next_tick_ = first;
}

void LoopClock::timer_expired() noexcept {
  std::uint64_t expirations = 0;
  [[maybe_unused]] const ssize_t length = ::read(timer_.get(), &expirations, sizeof expirations);  // restarts it
  read();
}

}  // namespace fanin::load
