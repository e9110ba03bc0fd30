#pragma once

#include <filesystem>

#include "harness/suite/suite.h"

namespace fanin::harness {

// A file that a workload names lies beside its suite. The generator reads a copy in the run directory, in which it
// runs: so a run that goes on later has the same, and no path of this machine gets into a result.

// Throws std::invalid_argument with one line that names the experiment and the file where one is not there, cannot be
// read, holds nothing that the generator could use, or has the name of a file that a run writes itself.
void check_suite_files(const Suite& suite, const std::filesystem::path& folder);

// Copies them. Throws std::filesystem::filesystem_error.
void keep_suite_files(const Suite& suite, const std::filesystem::path& folder, const std::filesystem::path& directory);

}  // namespace fanin::harness
