#pragma once

#include "harness/json/json_reader.h"

namespace fanin::harness {

// What the keys of a workload ask of one another, as the programs that take their options do. `values` are checked one
// by one; `place` is the object that they were parsed from. Throws std::invalid_argument with the place for keys that
// contradict or need one another. plots/suite_rules.py has the same rules.
void check_workload_rules(const Json& values, const JsonReader& place);

}  // namespace fanin::harness
