#pragma once

#include <cstdint>
#include <optional>

#include "loadgen/records/time_spans.h"

namespace fanin::load {

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

  // No reply came, whether one was due or not.
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

}  // namespace fanin::load
