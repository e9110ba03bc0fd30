#pragma once

#include <filesystem>
#include <string>

#include "harness/rounds/programs.h"
#include "harness/suite/plan.h"

namespace fanin::harness {

// Has the programs check their arguments, so that nothing is measured before one of them refuses what a suite asks for.
// Both throw std::invalid_argument "FILE: PLACE: what the program says", and std::system_error where it cannot start.

// The arguments of models, as the suite in `file` has them, with the protocols that they serve.
void check_server_arguments(const Suite& suite, const std::string& file, const Programs& programs,
                            const Catalogue& catalogue);

// The workload of every cell; `folder` is that of the suite, from which paths count.
void check_load_arguments(const Suite& suite, const std::string& file, const Programs& programs,
                          const std::filesystem::path& folder);

}  // namespace fanin::harness
