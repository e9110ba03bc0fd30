#pragma once

#include <cstdint>

#include "loadgen/records/error_kind.h"
#include "loadgen/records/series_reader.h"
#include "net/clock.h"

namespace fanin::load {

// How far a run is, for whoever watches it. Called by the thread that directs the run, never by one that makes traffic.
class RunListener {
 public:
  virtual ~RunListener() = default;
  virtual void established(std::uint64_t /*connections*/) {}
  // With the moment at which the window opened or closed: the call itself comes a little later.
  virtual void window_opened(TimePoint /*at*/) {}
  virtual void window_closed(TimePoint /*at*/) {}
  // The run is over but all connections are still up; returns when they may be closed.
  virtual void hold() {}

  struct Progress {
    enum class Phase { kConnecting, kWarmup, kWindow, kDraining } phase;
    Nanoseconds elapsed;          // of the phase
    std::uint64_t completed = 0;  // requests of the window
    std::uint64_t failed = 0;
    std::uint64_t outside = 0;  // completed before the window
    std::uint64_t outside_failed = 0;
    std::uint64_t connections_up = 0;  // idle ones included
    ErrorCounts errors{};              // of requests and connections, so far in the whole run
  };
  // About five times a second.
  virtual void progress(const Progress& /*progress*/) {}

  struct FinishedSecond {
    SecondOfAll sum;
    Nanoseconds length;  // of the last one, where the window is not whole seconds long, less than a second
  };
  // Each second of the window in its order, after the progress that was seen last; the last one when the run is over.
  virtual void second(const FinishedSecond& /*second*/) {}
};

}  // namespace fanin::load
