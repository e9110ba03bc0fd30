#pragma once

#include <cstdint>
#include <optional>

#include "loadgen/plan/plan.h"
#include "loadgen/reports/result.h"
#include "loadgen/runs/change_point.h"

namespace fanin::load {

// Decides when the window opens: when the warm-up time is over (--warmup auto: when the throughput is steady) and every
// connection that came up has been served once. Pure: the director says what it has seen, every kStep.
class Warmup {
 public:
  static constexpr Nanoseconds kStep = std::chrono::milliseconds(10);
  // A server that serves some connections again and again and no further one will not serve the others.
  static constexpr Nanoseconds kPatience = std::chrono::seconds(1);
  static constexpr Nanoseconds kMaxWait = std::chrono::seconds(10);  // after the warm-up time

  struct Progress {
    Nanoseconds elapsed{0};       // since the traffic began
    std::uint64_t completed = 0;  // requests
    std::uint64_t errors = 0;     // of requests and connections
    std::uint64_t unserved = 0;   // connections that came up and have had no reply
  };

  explicit Warmup(const LoadPlan& plan);

  // Whether it ends by what happens; else by its time alone.
  bool watches() const noexcept { return until_steady_ || until_served_; }
  // How long after the beginning the window opens at the latest.
  Nanoseconds limit() const noexcept { return limit_; }
  // How long after the beginning the window opens, once that is known.
  std::optional<Nanoseconds> look(const Progress& progress);
  // What ended it; where look() has not said anything, its limit.
  WarmupEnd end() const noexcept { return end_; }
  bool steady() const noexcept { return steady_; }

 private:
  bool starves(const Progress& progress);

  bool until_steady_;
  bool until_served_ = false;
  Nanoseconds time_;  // not before
  Nanoseconds limit_;
  Nanoseconds lead_;                  // from the decision until every thread knows of it
  Nanoseconds patience_ = kPatience;  // for the next connection to be served, while others are
  Nanoseconds timeout_;               // the same, while nothing happens
  WarmupEnd end_ = WarmupEnd::kLimit;
  bool steady_ = false;
  WarmupWatch watch_;
  Nanoseconds next_sample_ = WarmupWatch::kInterval;
  std::uint64_t unserved_ = UINT64_MAX;  // the fewest so far
  Nanoseconds served_at_{0};             // when it fell
  std::uint64_t outcomes_ = 0;           // by then
};

// Decides how long to wait, before the traffic begins, for the server to accept the connections that the kernel has
// completed for it. A server with a process or a thread per connection that already has traffic on hundreds of them
// hardly gets to accept the rest. Pure.
class AcceptWatch {
 public:
  // A server that accepts no further one serves a limited number, or one after the other.
  static constexpr Nanoseconds kPatience = std::chrono::milliseconds(500);
  static constexpr Nanoseconds kMaxWait = std::chrono::seconds(10);

  // With the number that waits for accept(2), `elapsed` after the first call. Whether to wait on.
  bool look(std::uint64_t waiting, Nanoseconds elapsed) noexcept;

 private:
  std::uint64_t fewest_ = UINT64_MAX;
  Nanoseconds fell_at_{0};
};

}  // namespace fanin::load
