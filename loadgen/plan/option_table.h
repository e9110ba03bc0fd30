#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "loadgen/plan/options.h"
#include "protocols/registry.h"

namespace fanin::protocols {
struct ClientProtocolOptions;
}

namespace fanin::load {

// The type of an option's value. kEscapedText holds C escapes, kPattern is a regular expression (PCRE2).
enum class OptionType {
  kCount,
  kNumber,
  kDuration,
  kText,
  kEscapedText,
  kPattern,
  kChoice,
  kArrival,
  kFile,
  kFlag,
  kTexts,
  kRamp,
  kMix
};

// Which program a key of a suite's workload is given to. kNone: the option is no such key.
enum class TakenBy { kLoad, kServer, kBoth, kNone };

// Where the value is kept. Options of a protocol are kept as text until the protocol is known. Nothing: the row is a
// key of workloads alone.
using OptionPlace =
    std::variant<std::monostate, bool LoadOptions::*, std::int64_t LoadOptions::*, double LoadOptions::*,
                 std::string LoadOptions::*, Nanoseconds LoadOptions::*, std::optional<std::int64_t> LoadOptions::*,
                 std::optional<double> LoadOptions::*, std::optional<std::string> LoadOptions::*,
                 std::optional<Nanoseconds> LoadOptions::*, std::vector<std::string> LoadOptions::*,
                 std::vector<std::int64_t> LoadOptions::*, std::string protocols::ClientProtocolOptions::*,
                 std::size_t protocols::ClientProtocolOptions::*,
                 std::optional<std::size_t> protocols::ClientProtocolOptions::*,
                 std::vector<std::string> protocols::ClientProtocolOptions::*>;
inline constexpr std::size_t kClientPlaces = 4;  // the last ones

struct CountBounds {
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

struct NumberBounds {
  double min = 0;
  double max = std::numeric_limits<double>::max();
  bool above = true;  // `min` itself is out of range
};

// A row of the option table: all that is declared of an option. Command line, `fanin-load options --json`, the keys of
// suites, schemas and documents are made from it.
struct Option {
  std::string_view name;  // without dashes
  OptionType type = OptionType::kText;
  OptionPlace place{};
  CountBounds count{};          // kCount; kDuration in nanoseconds
  NumberBounds number{};        // kNumber
  std::string_view words = "";  // between bars: what a choice takes, or what else a count or a duration may be
  std::string_view unit = "";
  std::string_view default_text = "";
  std::string_view group = "";
  std::string_view help = "";     // one line
  std::string_view details = "";  // sentences that follow `help` in the documents
  std::string_view value = "";    // how documents call the value, unless its type says so
  char letter = 0;                // of the short option
  bool repeated = false;
  bool may_be_empty = false;
  std::string_view needs = "";     // one of these options must be given too (names with blanks between)
  std::string_view excludes = "";  // none of these may be given too
  TakenBy taken_by = TakenBy::kLoad;
  bool in_class = false;          // a class of a mix may have it
  bool reported = true;           // a given value is in the result under its key; false: the report knows it otherwise
  std::string_view key = "";      // in suites and results, unless it is the name with _ for -
  std::string_view form = "";     // of a text: a definition in the schema of suites
  std::string_view axis = "";     // what a chart calls it, unless it is the key with blanks for _
  std::string_view part_of = "";  // the value is part of that option's value, behind `prefix`
  std::string_view prefix = "";
};

// Bounds of several options together.
inline constexpr std::int64_t kMaxBlockingThreads = 20'000;
inline constexpr std::int64_t kMaxInFlight = 100'000'000;  // requests, 16 bytes each

// All rows, in the order of the help.
std::span<const Option> option_table();

// Its parts.
std::span<const Option> load_rows();     // connections and schedule
std::span<const Option> request_rows();  // requests and protocols
std::span<const Option> program_rows();  // several runs, slow clients, machine, output

// Precondition: there is one.
const Option& find_option(std::string_view name);

std::string option_key(const Option& option);
std::string value_name(const Option& option);  // what stands for the value in help and documents
std::vector<std::string> split_words(std::string_view text, char separator);

// The functions below throw std::invalid_argument with one line that says what is wrong and what to do.

// Sets an option from the text of a command line. Bounds are left to check_options().
void set_option(const Option& option, const std::string& text, LoadOptions& options);

// Whether an option of LoadOptions differs from its default, and from 0.
bool is_given(const Option& option, const LoadOptions& options);

// Checks all values against their rows, and the options together.
void check_options(const LoadOptions& options);
// Checks `needs` and `excludes`.
void check_together(const std::function<bool(const Option&)>& is_given);

std::int64_t read_count(const Option& option, std::string_view text);  // within its bounds
void refuse_empty(const Option& option, std::string_view text);

// Options that were given with a count or a duration (key_ns), by their keys in the result.
std::vector<std::pair<std::string, std::int64_t>> given_counts(const LoadOptions& options);

// The output of `fanin-load options`, without and with --json.
std::string options_text();
std::string options_json();

[[noreturn]] void refuse(const std::string& text);

}  // namespace fanin::load
