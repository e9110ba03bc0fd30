#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <vector>

#include "loadgen/records/clock.h"
#include "loadgen/records/recorder.h"

namespace fanin::load {

struct TimeSpan {
  TimePoint begin;
  TimePoint end;
  bool operator==(const TimeSpan&) const = default;
};

// Ascending; none overlaps another.
using TimeSpans = std::vector<TimeSpan>;

// The intersection.
inline TimeSpans intersection(const TimeSpans& first, const TimeSpans& second) {
  TimeSpans both;
  for (auto a = first.begin(), b = second.begin(); a != first.end() && b != second.end();) {
    const TimeSpan common{std::max(a->begin, b->begin), std::min(a->end, b->end)};
    if (common.begin < common.end) {
      both.push_back(common);
    }
    if (a->end < b->end) {
      ++a;
    } else {
      ++b;
    }
  }
  return both;
}

// The union; adjacent spans are merged.
inline TimeSpans join(const TimeSpans& first, const TimeSpans& second) {
  TimeSpans all;
  std::merge(first.begin(), first.end(), second.begin(), second.end(), std::back_inserter(all),
             [](const TimeSpan& a, const TimeSpan& b) { return a.begin < b.begin; });
  TimeSpans joined;
  for (const TimeSpan& span : all) {
    if (!joined.empty() && span.begin <= joined.back().end) {
      joined.back().end = std::max(joined.back().end, span.end);
    } else {
      joined.push_back(span);
    }
  }
  return joined;
}

inline Nanoseconds total_length(const TimeSpans& spans) noexcept {
  Nanoseconds total{0};
  for (const TimeSpan& span : spans) {
    total += span.end - span.begin;
  }
  return total;
}

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

// Finds stretches of time without replies to one thread by sampling its counts, at no cost per request. Each stretch is
// short by up to a sampling interval at both ends. One thread.
class SilenceWatch {
 public:
  static constexpr Nanoseconds kShortest = std::chrono::milliseconds(50);  // several samples

  // `outcomes`: requests ended so far. `waiting`: some are in flight.
  void look(TimePoint at, std::uint64_t outcomes, bool waiting) {
    if (outcomes != outcomes_) {
      end(silent_, silent_since_);
      end(waiting_, waiting_since_);
      silent_since_ = at;
      last_reply_ = at;
      outcomes_ = outcomes;
    }
    if (!waiting) {
      end(waiting_, waiting_since_);
    } else if (!waiting_since_) {
      waiting_since_ = at;
    }
    last_ = at;
  }
  void finish() {
    end(silent_, silent_since_);
    end(waiting_, waiting_since_);
  }

  // No reply came, due or not.
  const TimeSpans& silent() const noexcept { return silent_; }
  // No reply came, and requests were in flight all the time.
  const TimeSpans& waiting() const noexcept { return waiting_; }
  // Time of the sample that found the last reply, else of the first sample.
  TimePoint last_reply() const noexcept { return last_reply_; }

 private:
  // Up to the last sample: a reply may have come since.
  void end(TimeSpans& spans, std::optional<TimePoint>& since) {
    if (since && last_ - *since >= kShortest) {
      spans.push_back({*since, last_});
    }
    since.reset();
  }

  std::uint64_t outcomes_ = UINT64_MAX;  // none so far
  std::optional<TimePoint> silent_since_;
  std::optional<TimePoint> waiting_since_;
  TimePoint last_{};
  TimePoint last_reply_{};
  TimeSpans silent_;
  TimeSpans waiting_;
};

// Time within the window that connections of one thread waited for a close that never came; they send nothing
// meanwhile. The owning thread reports every wait at its end.
class CloseWaits {
 public:
  static constexpr Nanoseconds kShortest =
      std::chrono::milliseconds(100);  // shorter waits at the end of the run do not count

  // The server has closed.
  void closed(TimePoint since, TimePoint at) noexcept { longest_ = std::max(longest_, at - since); }
  // The server has not closed within the timeout.
  void given_up(TimePoint since, TimePoint at, const Window& window) noexcept {
    in_vain_ += std::max(std::min(at, window.close) - std::max(since, window.open), Nanoseconds(0));
  }
  // The run ends at `at`. Returns whether the wait counts: it was longer than for any close that came.
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
