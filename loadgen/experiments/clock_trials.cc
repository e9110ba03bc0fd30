#include <sys/epoll.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>

#include "loadgen/drivers/direct_io.h"
#include "loadgen/experiments/calibration.h"
#include "net/descriptor.h"

namespace fanin::load {
namespace {

constexpr Nanoseconds kWait = std::chrono::milliseconds(1);
constexpr Nanoseconds kShortestSleep = std::chrono::microseconds(1);  // a shorter one may end before the call sleeps

// As the epoll driver sleeps.
class Sleeper {
 public:
  Sleeper() : epoll_(check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) { ::prctl(PR_SET_TIMERSLACK, 1); }
  void sleep(Nanoseconds length) noexcept {
    const timespec timeout = to_timespec(length);
    direct_epoll_wait(epoll_.get(), &event_, 1, &timeout);
  }

 private:
  Descriptor epoll_;
  epoll_event event_{};
};

}  // namespace

double clock_cost_ns() {
  constexpr int kReadings = 1000;
  std::array<double, 101> batches{};
  for (double& batch : batches) {
    const TimePoint begin = now();
    TimePoint last = begin;
    for (int i = 0; i < kReadings; ++i) {
      last = now();
    }
    batch = static_cast<double>((last - begin).count()) / kReadings;
  }
  std::nth_element(batches.begin(), batches.begin() + batches.size() / 2, batches.end());
  return batches[batches.size() / 2];
}

Histogram wake_up_delays(IdleStrategy kind, int times) {
  Sleeper sleeper;
  Histogram delays;
  for (int i = 0; i < times; ++i) {
    const TimePoint due = now() + kWait;
    if (kind == IdleStrategy::kSleep) {
      sleeper.sleep(kWait);
    }
    TimePoint at = now();
    while (at < due) {
      at = now();
    }
    delays.record(at - due);
  }
  return delays;
}

Histogram shortest_sleeps(int times) {
  Sleeper sleeper;
  Histogram lengths;
  for (int i = 0; i < times; ++i) {
    const TimePoint begin = now();
    sleeper.sleep(kShortestSleep);
    lengths.record(now() - begin);
  }
  return lengths;
}

BusyPollMeter::Preemptions preemptions_within(Nanoseconds length) {
  BusyPollMeter meter;
  const TimePoint end = now() + length;
  for (TimePoint at = now(); at < end; at = now()) {
    meter.idle(at, true);
  }
  return meter.preemptions();
}

}  // namespace fanin::load
