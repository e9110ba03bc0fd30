#pragma once

#include "loadgen/plan/options.h"

namespace fanin::load {

// Reads the files that the options name, each once: a command makes several plans, and all of them send the same bytes,
// also those of a pipe. Throws std::invalid_argument.
void read_input_files(LoadOptions& options);

// Throws std::invalid_argument where a file that is written is also one that was read, another one that is written, or
// standard output with a summary on it. The live lines must have been opened: a file that does not exist is no other's.
void refuse_shared_files(const LoadOptions& options);

}  // namespace fanin::load
