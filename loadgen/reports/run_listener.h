#pragma once

#include <cstdint>

#include "loadgen/records/clock.h"
#include "loadgen/records/error_kind.h"
#include "loadgen/records/recorder.h"

namespace fanin::load {

// Receives the progress of a run. Called by the controlling thread, never by a load thread.
class RunListener {
 public:
  virtual ~RunListener() = default;
  virtual void established(std::uint64_t /*connections*/) {}
  // `at`: when the window opened or closed; the call comes a little later.
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
    Nanoseconds length;  // below a second for the last one of a window that is not whole seconds
  };
  // Each second of the window in order, after the latest progress; the last one at the end of the run.
  virtual void second(const FinishedSecond& /*second*/) {}
};

}  // namespace fanin::load
