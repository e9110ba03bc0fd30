#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

// Not CLI11's header: it costs every file that sees it five seconds.
namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace fanin {

// Parses the arguments of a program or of one of its commands. Prints help or version where they were asked for and
// returns the exit code. Throws std::invalid_argument with one line where the arguments are wrong; where an option is
// misspelt, the line names the nearest one. `--help-json` alone prints command_line_json().
std::optional<int> parse_command_line(CLI::App& app, int argc, char** argv);

// Commands and options as JSON, from which the build makes man pages and shell completions (packaging/).
std::string command_line_json(const CLI::App& app);

// Has an option take counts as parse_count() reads them, from 0 to `max`, in place of CLI11's reading: -1 would become
// the largest number there is. What is none is refused while the arguments are parsed, with std::invalid_argument.
CLI::Option* take_count(CLI::Option* option, std::int64_t max = std::numeric_limits<std::int64_t>::max());

// The same for numbers that may have a fraction, such as rates.
CLI::Option* take_number(CLI::Option* option);

}  // namespace fanin
