#pragma once

#include <algorithm>
#include <cstdint>

#include "net/clock.h"

namespace fanin {

// What the calling thread has used of the machine since it began.
struct ThreadUsage {
  TimePoint at{};
  Nanoseconds cpu{0};
  Nanoseconds run_queue_wait{0};  // ready to run, but without a CPU; 0 where the kernel does not say
};

// Reads it for the calling thread. No allocation.
ThreadUsage thread_usage() noexcept;

// Takes two readings at the borders of the window, as a thread passes them. One thread.
class UsageMeter {
 public:
  // To be called now and then with the current time; reads only at the borders.
  void pass(TimePoint at, TimePoint open, TimePoint close) noexcept {
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
  void stop() noexcept { pass(TimePoint::max(), TimePoint::max(), TimePoint::max()); }

  Nanoseconds elapsed() const noexcept { return end_.at - begin_.at; }
  Nanoseconds cpu() const noexcept { return end_.cpu - begin_.cpu; }
  // 0 where one of the readings was not to be had, as when descriptors have run out.
  Nanoseconds run_queue_wait() const noexcept {
    return std::max(end_.run_queue_wait - begin_.run_queue_wait, Nanoseconds(0));
  }

 private:
  int phase_ = 0;
  ThreadUsage begin_;
  ThreadUsage end_;
};

}  // namespace fanin
