#pragma once

#include <nlohmann/json.hpp>

#include "loadgen/plan/plan.h"

namespace fanin::load {

// What was asked for, defaults spelled out: the key `workload` of a result.
nlohmann::ordered_json workload_json(const LoadPlan& plan);

}  // namespace fanin::load
