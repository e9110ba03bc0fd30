#pragma once

#include <atomic>
#include <vector>

#include "loadgen/plan.h"
#include "loadgen/result.h"

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
    Nanoseconds elapsed;  // of the phase
    std::uint64_t completed;
    std::uint64_t failed;
  };
  virtual void progress(const Progress& /*progress*/) {}
};

// Does what the plan says: connects, makes traffic, measures, closes. `interrupted` may be set at any time, from a
// signal handler too; the run then ends early and what was measured until then is returned. Throws std::runtime_error
// naming target and reason if no connection came up at all, std::system_error for trouble of its own.
LoadResult run_load(const LoadPlan& plan, const std::vector<RunListener*>& listeners,
                    const std::atomic<bool>& interrupted);

// The same for several targets which take turns in this process: the plans differ in target, server and turn (`slices`)
// alone. Connections to all of them stay open. One result for each.
std::vector<LoadResult> run_in_slices(const std::vector<LoadPlan>& plans, const std::vector<RunListener*>& listeners,
                                      const std::atomic<bool>& interrupted);

}  // namespace fanin
