#pragma once

#include <algorithm>
#include <cstdint>

#include "loadgen/records/recorder.h"

namespace fanin::load {

// Time within the window that connections of one thread waited in vain for the server to close; they send nothing
// meanwhile. The owning thread reports every wait at its end.
class CloseWaits {
 public:
  static constexpr Nanoseconds kShortest =
      std::chrono::milliseconds(100);  // shorter waits at the end of the run are not in vain

  // The server has closed.
  void closed(TimePoint since, TimePoint at) noexcept { longest_ = std::max(longest_, at - since); }
  // The server has not closed within the timeout.
  void given_up(TimePoint since, TimePoint at, const Window& window) noexcept {
    in_vain_ += std::max(std::min(at, window.close) - std::max(since, window.open), Nanoseconds(0));
  }
  // The run ends at `at`. Returns whether the wait counts as in vain: it was longer than for any close that came.
  bool open_at_end(TimePoint since, TimePoint at, const Window& window) noexcept {
    const bool vain = at - since >= std::max(kShortest, longest_);
    if (vain) {
      given_up(since, at, window);
    }
    return vain;
  }

  // Summed up over connections.
  Nanoseconds in_vain() const noexcept { return in_vain_; }

 private:
  Nanoseconds longest_{0};
  Nanoseconds in_vain_{0};
};

}  // namespace fanin::load
