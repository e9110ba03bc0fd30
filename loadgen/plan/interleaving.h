#pragma once

#include <functional>
#include <vector>

#include "loadgen/plan/options.h"
#include "loadgen/plan/plan.h"

namespace fanin::load {

// The plans of `--target A --target B --interleave D`: one for each target, alike but for target, server and turn.
// `prepare` makes a plan of options with one target. Throws std::invalid_argument for what does not go together.
std::vector<LoadPlan> make_slice_plans(const LoadOptions& options,
                                       const std::function<LoadPlan(const LoadOptions&)>& prepare);

}  // namespace fanin::load
