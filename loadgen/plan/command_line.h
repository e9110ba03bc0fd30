#pragma once

#include <optional>

#include "loadgen/plan/options.h"

// Not CLI11's header: it costs every file that sees it five seconds.
namespace CLI {
class App;
}

namespace fanin::load {

// Declares the options of the table, in its groups. `options` must outlive the parsing.
void add_load_options(CLI::App& app, LoadOptions& options);

// Reads the command line and the input files. Returns an exit code where help was printed, asked for or not. Throws
// std::invalid_argument saying what is wrong with the line.
std::optional<int> parse_command(int argc, char** argv, LoadOptions& options);

// Reads the files that the options name, each once: a command makes several plans, and all of them send the same bytes,
// also those of a pipe. Throws std::invalid_argument.
void read_input_files(LoadOptions& options);

// Throws std::invalid_argument where a file that is written is also one that was read, another one that is written, or
// standard output with a summary on it. The live lines must have been opened: a file that does not exist is no other's.
void refuse_shared_files(const LoadOptions& options);

}  // namespace fanin::load
