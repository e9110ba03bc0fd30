#pragma once

#include <algorithm>
#include <cstdint>

#include "loadgen/records/recorder.h"

namespace fanin::load {

// How long connections of one thread waited, within the window, for a close by the server that did not come: they ask
// nothing meanwhile. Told of every wait as it ends, by the thread that owns it.
class CloseWaits {
 public:
  static constexpr Nanoseconds kShortest =
      std::chrono::milliseconds(100);  // what is open at the end for less, may close

  // The server has closed.
  void closed(TimePoint since, TimePoint at) noexcept { longest_ = std::max(longest_, at - since); }
  // It has not, and is waited for no longer.
  void given_up(TimePoint since, TimePoint at, const Window& window) noexcept {
    in_vain_ += std::max(std::min(at, window.close) - std::max(since, window.open), Nanoseconds(0));
  }
  // The run ends at `at`. Returns whether the wait was in vain, for all that can be told: longer than for any close
  // that came.
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
