#pragma once

#include <algorithm>
#include <cstdint>

#include "loadgen/records/recorder.h"
#include "loadgen/records/time_spans.h"

namespace fanin::load {

// Time within the window that the active connections of one thread were down, and the part of it that they were lost
// (broke, or could not be opened). Also the outages, when all were down and some lost, so that the target was
// unreachable to this thread. The owning thread reports every change in order of time; no cost per request.
class DowntimeMeter {
 public:
  static constexpr Nanoseconds kShortest = std::chrono::milliseconds(1);  // shorter outages are reconnects

  // All connections are down at first.
  explicit DowntimeMeter(std::uint32_t connections) : connections_(connections), down_(connections) {}

  // Time counts from `start` on.
  void begin(TimePoint start) noexcept { last_ = start; }
  // One connection became usable, or went down, or is lost after it went down.
  void up(bool was_lost, TimePoint at, const Window& window) { change(-1, was_lost ? -1 : 0, at, window); }
  void down(TimePoint at, const Window& window) { change(1, 0, at, window); }
  void lost(TimePoint at, const Window& window) { change(0, 1, at, window); }
  // The traffic is over; later changes do not count.
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
  TimePoint last_ = TimePoint::max();  // accounted for up to here; max: nothing counts
  Nanoseconds down_time_{0};
  Nanoseconds lost_time_{0};
  bool out_ = false;
  TimePoint out_since_{};
  TimeSpans outages_;
};

}  // namespace fanin::load
