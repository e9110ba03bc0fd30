#pragma once

#include "loadgen/options.h"

namespace fanin {

// Puts the protocol and its options into a plan whose driver is known. Throws std::invalid_argument as make_plan does.
void set_protocol(const LoadOptions& options, LoadPlan& plan);

}  // namespace fanin
