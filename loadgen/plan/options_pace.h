#pragma once

#include "loadgen/plan/options.h"

namespace fanin::load {

// How slowly connections send and read. The protocol and the loop must have been set before. Throws
// std::invalid_argument with one line that says what is wrong and what to do.
void set_pace(const LoadOptions& options, LoadPlan& plan);

}  // namespace fanin::load
