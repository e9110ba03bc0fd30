#pragma once

#include <atomic>
#include <vector>

#include "loadgen/plan/plan.h"
#include "loadgen/reports/result.h"
#include "loadgen/reports/run_listener.h"

namespace fanin::load {

// Executes a plan: connects, makes traffic, measures, closes. `interrupted` may be set at any time, also by a signal
// handler; the run then ends early and returns what it has measured. If no connection comes up it ends without traffic,
// and `unreachable` says why. Throws std::system_error for set-up errors.
LoadResult run_load(const LoadPlan& plan, const std::vector<RunListener*>& listeners,
                    const std::atomic<bool>& interrupted);

// The same for several interleaved targets: the plans differ only in target, server and `slices`. Connections to all
// targets stay open. One result per target.
std::vector<LoadResult> run_in_slices(const std::vector<LoadPlan>& plans, const std::vector<RunListener*>& listeners,
                                      const std::atomic<bool>& interrupted);

}  // namespace fanin::load
