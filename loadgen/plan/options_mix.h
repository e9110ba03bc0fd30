#pragma once

#include "loadgen/plan/options.h"
#include "protocols/registry.h"

namespace fanin::load {

// Reads the body files that one --mix names and that are not there yet. Throws std::invalid_argument as make_plan does.
void read_body_files(const std::string& mix, BodyFiles& files);

// Puts the mix that --mix asks for into a plan, as what it speaks. Throws std::invalid_argument as make_plan does.
void set_mix(const LoadOptions& options, const Protocol& protocol, LoadPlan& plan);

}  // namespace fanin::load
