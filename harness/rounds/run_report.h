#pragma once

#include <string>

#include "harness/rounds/run_record.h"

namespace fanin::harness {

// A finished run as a table per experiment: medians over the rounds, the codes of what is the matter with a cell, and a
// footnote for each code.
std::string describe_run(const RunRecord& record);

}  // namespace fanin::harness
