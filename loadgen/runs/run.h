#pragma once

#include <atomic>
#include <vector>

#include "loadgen/plan/plan.h"
#include "loadgen/records/series_reader.h"
#include "loadgen/reports/result.h"

namespace fanin {

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

// Does what the plan says: connects, makes traffic, measures, closes. `interrupted` may be set at any time, from a
// signal handler too; the run then ends early and what was measured until then is returned. Where no connection comes
// up at all it ends without traffic, and `unreachable` says why. Throws std::system_error for trouble of its own.
LoadResult run_load(const LoadPlan& plan, const std::vector<RunListener*>& listeners,
                    const std::atomic<bool>& interrupted);

// The same for several targets which take turns in this process: the plans differ in target, server and turn (`slices`)
// alone. Connections to all of them stay open. One result for each.
std::vector<LoadResult> run_in_slices(const std::vector<LoadPlan>& plans, const std::vector<RunListener*>& listeners,
                                      const std::atomic<bool>& interrupted);

}  // namespace fanin
