#pragma once

#include <string>

#include "harness/rounds/programs.h"
#include "harness/suite/selection.h"
#include "harness/suite/suite.h"

namespace fanin::harness {

// The shipped suites with their length, and the server models. Throws as Catalogue::query() and parse_suite() do.
std::string describe_suites(const Programs& programs);

// A suite's experiments and cells with the time that they take; `only` as for make_cells().
std::string describe_cells(const Suite& suite, const Globs& only);

}  // namespace fanin::harness
