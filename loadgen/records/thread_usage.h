#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

#include "net/clock.h"

namespace fanin::load {

// CPU time and waits of the calling thread since it began.
struct ThreadUsage {
  Nanoseconds cpu{0};
  std::optional<Nanoseconds> run_queue_wait;  // runnable without a CPU; nullopt if the kernel does not count it
};

// The same from a line of /proc/PID/schedstat.
std::optional<Nanoseconds> parse_run_queue_wait(std::string_view schedstat) noexcept;

// Reads it for the calling thread. No allocation.
ThreadUsage thread_usage() noexcept;

// Takes readings when the thread passes the borders of the window. One thread.
class UsageMeter {
 public:
  // Called regularly with the current time; reads only at the borders.
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
  // Ends the window, whatever the time.
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
