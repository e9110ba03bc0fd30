#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "loadgen/plan/plan.h"
#include "loadgen/reports/result.h"

namespace fanin::load {

// The significance of a change of level anywhere in the series (Pettitt: "A non-parametric approach to the change-point
// problem", Applied Statistics 28, 1979): K is the largest |U_t|, U_t being the sum over i <= t < j of sgn(x_i - x_j),
// and p is about 2 exp(-6 K^2 / (n^3 + n^2)). It uses ranks, so the height of a spike does not matter. 1 for fewer than
// two values.
double pettitt_p(std::span<const double> series);

// Decides from the counts of completed requests, sampled every kInterval, when the throughput is steady: no change
// point in the last second. Ten intervals are too few: their K is at most 25, and 27 is significant.
class WarmupWatch {
 public:
  static constexpr Nanoseconds kInterval = std::chrono::milliseconds(50);
  static constexpr std::size_t kIntervals = 20;
  static constexpr double kSignificant = 0.05;

  // `completed` counts since the traffic began. Returns whether the throughput is steady; silence is not steady.
  bool add(std::uint64_t completed);

 private:
  std::uint64_t last_ = 0;
  std::vector<double> series_;  // of the last kIntervals
};

// Decides when the window opens: when the warm-up time is over (--warmup auto: when the throughput is steady) and every
// connection that came up has been served once. Pure: the run controller reports progress every kStep.
class Warmup {
 public:
  static constexpr Nanoseconds kStep = std::chrono::milliseconds(10);
  // A server that serves no further connection for this long while it serves others will not serve the rest.
  static constexpr Nanoseconds kTimeout = std::chrono::seconds(1);
  static constexpr Nanoseconds kMaxWait = std::chrono::seconds(10);  // after the warm-up time

  struct Progress {
    Nanoseconds elapsed{0};       // since the traffic began
    std::uint64_t completed = 0;  // requests
    std::uint64_t errors = 0;     // of requests and connections
    std::uint64_t unserved = 0;   // connections that came up and have had no reply
  };

  explicit Warmup(const LoadPlan& plan);

  // Whether progress decides the end; else the time alone does.
  bool watches() const noexcept { return until_steady_ || until_served_; }
  // Latest opening of the window, from the start of the traffic.
  Nanoseconds limit() const noexcept { return limit_; }
  // The opening of the window, from the start of the traffic, once it is decided.
  std::optional<Nanoseconds> look(const Progress& progress);
  // What ended the warm-up; the limit if look() decided nothing.
  WarmupEnd end() const noexcept { return end_; }
  bool steady() const noexcept { return steady_; }

 private:
  bool starves(const Progress& progress);

  bool until_steady_;
  bool until_served_ = false;
  Nanoseconds time_;  // earliest opening
  Nanoseconds limit_;
  Nanoseconds lead_;                           // from the decision until every thread has seen it
  Nanoseconds starvation_timeout_ = kTimeout;  // for the next connection, while others are served
  Nanoseconds timeout_;                        // for the next connection, while nothing happens
  WarmupEnd end_ = WarmupEnd::kLimit;
  bool steady_ = false;
  WarmupWatch watch_;
  Nanoseconds next_sample_ = WarmupWatch::kInterval;
  std::uint64_t unserved_ = UINT64_MAX;  // minimum so far
  Nanoseconds served_at_{0};             // when it decreased
  std::uint64_t outcomes_ = 0;           // at that time
};

// Decides how long to wait, before the traffic begins, for the server to accept the connections that the kernel has
// completed. A server with a process or thread per connection hardly accepts more once hundreds have traffic. Pure.
class AcceptWatch {
 public:
  // A server that accepts none for this long serves a limited number, or one after the other.
  static constexpr Nanoseconds kTimeout = std::chrono::milliseconds(500);
  static constexpr Nanoseconds kMaxWait = std::chrono::seconds(10);

  // `waiting`: connections waiting for accept(2), `elapsed` after the first call. Returns whether to keep waiting.
  bool look(std::uint64_t waiting, Nanoseconds elapsed) noexcept;

 private:
  std::uint64_t min_waiting_ = UINT64_MAX;
  Nanoseconds fell_at_{0};
};

}  // namespace fanin::load
