#pragma once

#include <string>
#include <utility>
#include <vector>

#include "loadgen/plan/options.h"
#include "loadgen/plan/plan.h"

namespace fanin::load {

// For tests of the command line.

using Texts = std::vector<std::pair<std::string, std::string>>;

// The plan that these arguments ask for, with a target on this machine.
LoadPlan parse_arguments(const std::vector<std::string>& arguments);

// What the user is told of these arguments, or "taken".
std::string refusal_of_arguments(const std::vector<std::string>& arguments);

}  // namespace fanin::load
