#pragma once

#include "loadgen/plan/options.h"
#include "loadgen/plan/plan.h"

namespace fanin::load {

// Checks everything that can be checked without touching the machine, and fills in the defaults. The driver `auto` is
// taken for one with event loops until choose_driver() has looked at the machine. Throws std::invalid_argument with one
// line that says what is wrong and what to do.
LoadPlan make_plan(const LoadOptions& options);

}  // namespace fanin::load
