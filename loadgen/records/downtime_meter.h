#pragma once

#include <algorithm>
#include <cstdint>

#include "loadgen/records/recorder.h"
#include "loadgen/records/time_spans.h"

namespace fanin::load {

// How long the active connections of one thread could not be used within the window: for whatever reason, and because
// they were lost, that is, broke or could not be opened. Also when all of them were down and some lost: to this thread
// the target was unreachable. Told of every change, in the order of time, by the thread that owns it; costs a request
// nothing.
class DowntimeMeter {
 public:
  static constexpr Nanoseconds kShortest = std::chrono::milliseconds(1);  // shorter outages are reconnects

  // All connections are down at first.
  explicit DowntimeMeter(std::uint32_t connections) : connections_(connections), down_(connections) {}

  // Time counts from `start` on.
  void begin(TimePoint start) noexcept { last_ = start; }
  // One connection has become usable, or has ceased to be, or turns out to be lost after it has.
  void up(bool was_lost, TimePoint at, const Window& window) { change(-1, was_lost ? -1 : 0, at, window); }
  void down(TimePoint at, const Window& window) { change(1, 0, at, window); }
  void lost(TimePoint at, const Window& window) { change(0, 1, at, window); }
  // The traffic is over; what is told afterwards does not count.
  void finish(TimePoint at, const Window& window) {
    advance(at, window);
    end_outage(at);
    last_ = TimePoint::max();
  }

  // Summed up over connections.
  Nanoseconds down_time() const noexcept { return down_time_; }
  Nanoseconds lost_time() const noexcept { return lost_time_; }
  const TimeSpans& outages() const noexcept { return outages_; }  // before the window too

 private:
  void change(int down, int lost, TimePoint at, const Window& window) {
    advance(at, window);
    down_ += down;
    lost_ += lost;
    const bool out = lost_ > 0 && down_ == connections_;
    if (out && !out_) {
      out_since_ = at;
    } else if (!out) {
      end_outage(at);
    }
    out_ = out;
  }
  void advance(TimePoint at, const Window& window) noexcept {
    const TimePoint from = std::max(last_, window.open);
    const TimePoint to = std::min(at, window.close);
    if (from < to) {
      down_time_ += (to - from) * down_;
      lost_time_ += (to - from) * lost_;
    }
    last_ = std::max(last_, at);
  }
  void end_outage(TimePoint at) {
    if (out_ && at - out_since_ >= kShortest && last_ != TimePoint::max()) {
      outages_.push_back({out_since_, at});
    }
    out_ = false;
  }

  std::int64_t connections_;
  std::int64_t down_;
  std::int64_t lost_ = 0;
  TimePoint last_ = TimePoint::max();  // that time is accounted for up to; max: none is counted
  Nanoseconds down_time_{0};
  Nanoseconds lost_time_{0};
  bool out_ = false;
  TimePoint out_since_{};
  TimeSpans outages_;
};

}  // namespace fanin::load
