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

}  // namespace fanin::load
