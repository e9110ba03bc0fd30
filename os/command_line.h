#pragma once

#include <optional>

// Not CLI11's header: it costs every file that sees it five seconds.
namespace CLI {
class App;
}

namespace fanin {

// Parses the arguments of a program or of one of its commands. Prints help or version where they were asked for and
// returns the exit code. Throws std::invalid_argument with one line where the arguments are wrong; where an option is
// misspelt, the line names the nearest one.
std::optional<int> parse_command_line(CLI::App& app, int argc, char** argv);

}  // namespace fanin
