#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/clock.h"

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

struct CountRange {
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

struct NumberRange {
  double min = 0;
  double max = std::numeric_limits<double>::infinity();
};

// The functions below have an option refuse a value while the arguments are parsed, with std::invalid_argument that
// names the option and what it takes. They return the option.

// Takes counts as parse_count() reads them, in place of CLI11's reading: -1 would become the largest number there is.
CLI::Option* take_count(CLI::Option* option, CountRange range = {});

// The same for numbers that may have a fraction, such as rates.
CLI::Option* take_number(CLI::Option* option, NumberRange range = {});

// Takes one of these words.
CLI::Option* take_choice(CLI::Option* option, std::vector<std::string> words);

// Takes any text but the empty one.
CLI::Option* refuse_empty(CLI::Option* option);

// As parse_duration(); the text of its std::invalid_argument names the option.
Nanoseconds parse_duration_of(std::string_view option, std::string_view text);

// Levenshtein's distance: how many characters to insert, delete or replace.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace fanin
