#pragma once

#include <atomic>
#include <vector>

#include "loadgen/plan/plan.h"
#include "loadgen/reports/result.h"
#include "loadgen/reports/run_listener.h"

namespace fanin::load {

// Does what the plan says: connects, makes traffic, measures, closes. `interrupted` may be set at any time, from a
// signal handler too; the run then ends early and what was measured until then is returned. Where no connection comes
// up at all it ends without traffic, and `unreachable` says why. Throws std::system_error for trouble of its own.
LoadResult run_load(const LoadPlan& plan, const std::vector<RunListener*>& listeners,
                    const std::atomic<bool>& interrupted);

// The same for several interleaved targets: the plans differ in target, server and turn (`slices`)
// alone. Connections to all of them stay open. One result for each.
std::vector<LoadResult> run_in_slices(const std::vector<LoadPlan>& plans, const std::vector<RunListener*>& listeners,
                                      const std::atomic<bool>& interrupted);

}  // namespace fanin::load
