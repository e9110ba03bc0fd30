#include "loadgen/plan/option_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <type_traits>

#include "loadgen/records/clock.h"
#include "os/command_line.h"
#include "os/format.h"

namespace fanin::load {
namespace {

std::string dashed(const Option& option) { return fmt::format("--{}", option.name); }

bool is_word(const Option& option, std::string_view text) {
  const std::vector<std::string> words = split_words(option.words, '|');
  return std::find(words.begin(), words.end(), text) != words.end();
}

[[noreturn]] void refuse_range(const Option& option, std::string_view text) {
  refuse(fmt::format("--{} {} is out of range: give {} to {}{}{}{}", option.name, text, option.count.min,
                     option.count.max, option.unit.empty() ? "" : " ", option.unit,
                     option.words.empty() ? "" : fmt::format(", or {}", option.words)));
}

double read_number(const Option& option, std::string_view text) {
  const auto number = os::parse_number(text);
  if (!number) {
    refuse(fmt::format("--{} '{}' is no number: give one such as 0.5, 500 or 10k", option.name, text));
  }
  return *number;
}

// Without its bounds.
std::int64_t read_whole(const Option& option, std::string_view text) {
  const auto count = os::parse_count(text);
  if (!count && os::parse_number(text) && text.find('.') == std::string_view::npos) {
    refuse_range(option, text);  // more than 64 bits
  }
  if (!count) {
    refuse(fmt::format("--{} '{}' is no whole number: give one such as 500, 10k or 2M", option.name, text));
  }
  return *count;
}

void assign(bool& value, const Option& /*option*/, const std::string& /*text*/) { value = true; }
void assign(std::int64_t& value, const Option& option, const std::string& text) { value = read_whole(option, text); }
void assign(double& value, const Option& option, const std::string& text) { value = read_number(option, text); }
void assign(std::string& value, const Option& /*option*/, const std::string& text) { value = text; }
void assign(Nanoseconds& value, const Option& option, const std::string& text) {
  value = os::parse_duration_of(dashed(option), text);
}
template <typename Value>
void assign(std::optional<Value>& value, const Option& option, const std::string& text) {
  assign(value.emplace(), option, text);
}
template <typename Value>
void assign(std::vector<Value>& values, const Option& option, const std::string& text) {
  assign(values.emplace_back(), option, text);
}

void check_count(const Option& option, std::int64_t count) {
  if (count < option.count.min || count > option.count.max) {
    refuse_range(option, std::to_string(count));
  }
}

void check_duration(const Option& option, Nanoseconds duration) {
  if (duration.count() >= option.count.min) {
    return;
  }
  refuse(option.count.min == 1 ? fmt::format("--{} must be above 0: give a time such as 10s or 500ms", option.name)
                               : fmt::format("--{} is too short: give {} or more", option.name,
                                             net::format_duration(Nanoseconds(option.count.min))));
}

void check_bounds(const Option& /*option*/, bool /*value*/) {}
void check_bounds(const Option& option, std::int64_t value) { check_count(option, value); }
void check_bounds(const Option& option, Nanoseconds value) { check_duration(option, value); }
void check_bounds(const Option& option, double value) {
  const NumberBounds& bounds = option.number;
  if ((bounds.above ? value > bounds.min : value >= bounds.min) && value <= bounds.max) {
    return;
  }
  const std::string unit = option.unit.empty() ? "" : fmt::format("{}, ", option.unit);
  refuse(bounds.above ? fmt::format("--{} {} is out of range: give {}above {} and at most {}", option.name, value, unit,
                                    bounds.min, bounds.max)
                      : fmt::format("--{} {} is out of range: give {}{} to {}", option.name, value, unit, bounds.min,
                                    bounds.max));
}
void check_bounds(const Option& option, const std::string& value) {
  if (option.type == OptionType::kChoice && !is_word(option, value)) {
    refuse(fmt::format("--{} {} is unknown: choose one of {}", option.name, value,
                       fmt::join(split_words(option.words, '|'), ", ")));
  }
  if (option.type == OptionType::kCount && !is_word(option, value)) {
    read_count(option, value);
  }
  if (option.type == OptionType::kDuration && !is_word(option, value)) {
    check_duration(option, os::parse_duration_of(dashed(option), value));
  }
}
template <typename Value>
void check_bounds(const Option& option, const std::optional<Value>& value) {
  if (value) {
    check_bounds(option, *value);
  }
}
template <typename Value>
void check_bounds(const Option& option, const std::vector<Value>& values) {
  for (const Value& value : values) {
    check_bounds(option, value);
  }
}

template <typename Value>
bool is_something(const Value& value) {
  return value != Value{};
}
template <typename Value>
bool is_something(const std::optional<Value>& value) {
  return value.has_value() && *value != Value{};
}

// Calls `act` with the member of LoadOptions that holds the option's value; does nothing where none does.
template <typename Act>
void visit_member(const Option& option, const Act& act) {
  std::visit(
      [&](auto place) {
        if constexpr (!std::is_same_v<decltype(place), std::monostate>) {
          if constexpr (std::is_invocable_v<decltype(place), const LoadOptions&>) {
            act(place);
          }
        }
      },
      option.place);
}

std::string list_options(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    text += fmt::format("{}--{}", i == 0 ? "" : i + 1 < names.size() ? ", " : " or ", names[i]);
  }
  return text;
}

}  // namespace

void refuse(const std::string& text) { throw std::invalid_argument(text); }

std::span<const Option> option_table() {
  static const std::vector<Option> kTable = [] {
    std::vector<Option> all;
    for (const std::span<const Option> part : {load_rows(), request_rows(), program_rows()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return kTable;
}

const Option& find_option(std::string_view name) {
  const auto table = option_table();
  return *std::find_if(table.begin(), table.end(), [name](const Option& each) { return each.name == name; });
}

std::string value_name(const Option& option) {
  switch (option.type) {
    case OptionType::kNumber:
      return option.value.empty() ? "R" : std::string(option.value);
    case OptionType::kPattern:
      return "REGEX";
    case OptionType::kFile:
      return "FILE";
    case OptionType::kRamp:
      return "FROM..TO";
    case OptionType::kChoice:
      return std::string(option.words);
    default:
      break;
  }
  const bool is_count = option.type == OptionType::kCount;
  std::string name(!option.value.empty()                  ? option.value
                   : is_count && option.unit == "bytes"   ? "BYTES"
                   : is_count                             ? "N"
                   : option.type == OptionType::kDuration ? "D"
                                                          : "TEXT");
  return option.words.empty() || option.type == OptionType::kArrival ? name : fmt::format("{}|{}", name, option.words);
}

std::vector<std::string> split_words(std::string_view text, char separator) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto length = std::min(text.find(separator), text.size());
    words.emplace_back(text.substr(0, length));
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return words;
}

std::string option_key(const Option& option) {
  std::string key(option.key.empty() ? option.name : option.key);
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

void refuse_empty(const Option& option, std::string_view text) {
  if (text.empty() && !option.may_be_empty) {
    const bool is_of_load = option.place.index() < std::variant_size_v<OptionPlace> - kClientPlaces;
    refuse(fmt::format("--{} is empty: {}, or leave it out", option.name,
                       option.type == OptionType::kFile ? "name a file"
                       : is_of_load                     ? "give a value"
                                                        : "give at least one byte"));
  }
}

void set_option(const Option& option, const std::string& text, LoadOptions& options) {
  if (option.type != OptionType::kFlag) {
    refuse_empty(option, text);
  }
  bool is_of_load = false;
  visit_member(option, [&](auto member) {
    is_of_load = true;
    assign(options.*member, option, text);
  });
  if (!is_of_load) {
    options.protocol_options.emplace_back(option.name, text);
  }
}

bool is_given(const Option& option, const LoadOptions& options) {
  static const LoadOptions kDefaults;
  bool given = false;
  visit_member(option,
               [&](auto member) { given = options.*member != kDefaults.*member && is_something(options.*member); });
  return given;
}

std::int64_t read_count(const Option& option, std::string_view text) {
  const std::int64_t count = read_whole(option, text);
  if (count < option.count.min || count > option.count.max) {
    refuse_range(option, text);
  }
  return count;
}

void check_options(const LoadOptions& options) {
  for (const Option& option : option_table()) {
    visit_member(option, [&](auto member) { check_bounds(option, options.*member); });
  }
  check_together([&options](const Option& option) { return is_given(option, options); });
}

void check_together(const std::function<bool(const Option&)>& is_given) {
  for (const Option& option : option_table()) {
    if ((option.needs.empty() && option.excludes.empty()) || !is_given(option)) {
      continue;
    }
    const auto name_is_given = [&](const std::string& name) { return is_given(find_option(name)); };
    for (const std::string& other : split_words(option.excludes, ' ')) {
      if (name_is_given(other)) {
        refuse(fmt::format("{} and --{} contradict each other: give one", dashed(option), other));
      }
    }
    const std::vector<std::string> needs = split_words(option.needs, ' ');
    if (!needs.empty() && std::none_of(needs.begin(), needs.end(), name_is_given)) {
      refuse(fmt::format("{0} needs {1}: give {1}, or leave {0} out", dashed(option), list_options(needs)));
    }
  }
}

std::vector<std::pair<std::string, std::int64_t>> given_counts(const LoadOptions& options) {
  std::vector<std::pair<std::string, std::int64_t>> counts;
  const auto add = [&counts](const Option& option, auto value) {
    using Value = decltype(value);
    if constexpr (std::is_same_v<Value, std::optional<std::int64_t>>) {
      counts.emplace_back(option_key(option), *value);
    } else if constexpr (std::is_same_v<Value, std::int64_t>) {
      counts.emplace_back(option_key(option), value);
    } else if constexpr (std::is_same_v<Value, std::optional<Nanoseconds>>) {
      counts.emplace_back(option_key(option) + "_ns", value->count());
    }
  };
  for (const Option& option : option_table()) {
    if (option.reported && is_given(option, options)) {
      visit_member(option, [&](auto member) { add(option, options.*member); });
    }
  }
  return counts;
}

}  // namespace fanin::load
