#pragma once

#include <string>

#include "harness/rounds/run_record.h"

namespace fanin::harness {

// A finished run as a table per experiment: medians over the rounds, and in words what has none.
std::string describe_run(const RunRecord& record);

}  // namespace fanin::harness
