#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

#include "net/clock.h"

namespace fanin::load {

// What the calling thread has used of the machine since it began.
struct ThreadUsage {
  Nanoseconds cpu{0};
  std::optional<Nanoseconds> run_queue_wait;  // ready to run, but without a CPU; none where the kernel does not say
};

// The same from a line of /proc/PID/schedstat.
std::optional<Nanoseconds> parse_run_queue_wait(std::string_view schedstat) noexcept;

// Reads it for the calling thread. No allocation.
ThreadUsage thread_usage() noexcept;

// Takes two readings at the borders of the window, as a thread passes them. One thread.
class UsageMeter {
 public:
  // To be called now and then with the current time; reads only at the borders.
  void tick(TimePoint at, TimePoint open, TimePoint close) noexcept {
    if (phase_ == 0 && at >= open) [[unlikely]] {
      begin_ = thread_usage();
      phase_ = 1;
    }
    if (phase_ == 1 && at >= close) [[unlikely]] {
      end_ = thread_usage();
      phase_ = 2;
    }
  }
  // The window is over whatever the clock says.
  void stop() noexcept { tick(TimePoint::max(), TimePoint::max(), TimePoint::max()); }

  Nanoseconds cpu() const noexcept { return end_.cpu - begin_.cpu; }
  // The share of a CPU that the thread used over a window of this length, without what it spun away. A thread that
  // blocks passes the borders late, even both at once: the time between its readings is no measure. None of no window.
  std::optional<double> utilisation(Nanoseconds window, Nanoseconds spun) const noexcept {
    if (window <= Nanoseconds(0)) {
      return std::nullopt;
    }
    const auto work = static_cast<double>(std::max(cpu() - spun, Nanoseconds(0)).count());
    return std::min(1.0, work / static_cast<double>(window.count()));
  }
  // None where one of the readings was not to be had, as when descriptors have run out.
  std::optional<Nanoseconds> run_queue_wait() const noexcept {
    return end_.run_queue_wait && begin_.run_queue_wait
               ? std::make_optional(*end_.run_queue_wait - *begin_.run_queue_wait)
               : std::nullopt;
  }

 private:
  int phase_ = 0;
  ThreadUsage begin_;
  ThreadUsage end_;
};

}  // namespace fanin::load
