#pragma once

#include <string>
#include <vector>

#include "harness/ab/session.h"
#include "harness/ab/side.h"

namespace fanin::harness {

// The cells of the suite whose ids match `only`, with both sides' servers. A side that is a server takes the place of
// the suite's. A/A controls are left out. Throws as make_cells().
std::vector<AbCell> make_ab_cells(const Suite& suite, const Globs& only, const Side& base, const Side& now);

// Throws std::invalid_argument with what a server says about the options of its side, before anything is measured.
void check_arguments(const std::vector<AbCell>& cells, const Side& base, const Side& now, const Programs& programs);

}  // namespace fanin::harness
