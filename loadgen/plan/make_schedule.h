#pragma once

#include "loadgen/plan/make_plan.h"
#include "loadgen/plan/options.h"
#include "loadgen/plan/plan.h"

namespace fanin::load {

// The parts of make_plan that say when requests are sent, and for how long. Driver, connections and protocol of the
// plan must have been set. Throw std::invalid_argument as make_plan does.
void set_loop(const LoadOptions& options, LoadPlan& plan);
void set_times(const LoadOptions& options, LoadPlan& plan);

}  // namespace fanin::load
