#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/clock.h"

// CLI11's header would add five seconds to the compilation of every file that includes this one.
namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace fanin::os {

// Parses the arguments of a program. Prints help or the version on request and returns the exit code; `help [COMMAND]`
// is `[COMMAND] --help` for a program with commands. Throws std::invalid_argument with one line if the arguments are
// wrong; the line names the option or command nearest to a misspelt one. `--help-json` alone prints
// command_line_json().
std::optional<int> parse_command_line(CLI::App& app, int argc, char** argv);

// Commands and options as JSON, from which the build makes man pages and shell completions (packaging/).
std::string command_line_json(const CLI::App& app);

struct CountRange {
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

struct NumberRange {
  double min = 0;
  double max = std::numeric_limits<double>::infinity();
};

// The functions below add a check to an option and return the option. During parsing the check throws
// std::invalid_argument, which names the option and its valid values.

// Reads counts with parse_count(), because CLI11 turns -1 into the largest number.
CLI::Option* take_count(CLI::Option* option, CountRange range = {});

// The same for numbers that may have a fraction, such as rates.
CLI::Option* take_number(CLI::Option* option, NumberRange range = {});

// Takes one of these words.
CLI::Option* take_choice(CLI::Option* option, std::vector<std::string> words);

// Takes any text but the empty one.
CLI::Option* refuse_empty(CLI::Option* option);

// parse_duration() with an error that names the option.
net::Nanoseconds parse_duration_of(std::string_view option, std::string_view text);

// Levenshtein's distance: how many characters to insert, delete or replace.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The name that the user probably meant by `wrong`; empty: none is near.
std::string find_nearest(std::string_view wrong, std::span<const std::string> names);

// "did you mean NEAREST?", or `otherwise` if no name is near.
std::string suggest(std::string_view wrong, std::span<const std::string> names, std::string_view otherwise);

}  // namespace fanin::os
