#include "os/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/clock.h"
#include "os/format.h"
#include "os/program.h"

namespace fanin::os {
namespace {

// Without dashes.
std::vector<std::string> list_options(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    names.insert(names.end(), option->get_lnames().begin(), option->get_lnames().end());
  }
  return names;
}

std::vector<std::string> list_commands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App* /*each*/) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

// The command that was called; the program itself if there is none.
const CLI::App& called(const CLI::App& app) {
  const std::vector<const CLI::App*> commands =
      app.get_subcommands([](const CLI::App* each) { return each->parsed(); });
  return commands.empty() ? app : called(*commands.back());
}

// Program and command as on the command line.
std::string called_name(const CLI::App& app) {
  const CLI::App& command = called(app);
  return &command == &app ? app.get_name() : fmt::format("{} {}", app.get_name(), command.get_name());
}

std::string describe_unexpected(const CLI::App& app, const std::string& argument) {
  if (!argument.starts_with('-')) {
    return fmt::format("'{}' is one argument too many: see {} --help", argument, app.get_name());
  }
  const std::string_view name = std::string_view(argument).substr(argument.starts_with("--") ? 2 : 1);
  const std::string nearest = find_nearest(name.substr(0, name.find('=')), list_options(called(app)));
  return nearest.empty() ? fmt::format("there is no option {}: see {} --help", argument, called_name(app))
                         : fmt::format("there is no option {}: did you mean --{}?", argument, nearest);
}

// CLI11 keeps the mark "--" among the arguments that it could not use.
std::string describe_extras(const CLI::App& app) {
  const std::vector<std::string> extras = app.remaining(true);
  const auto first = std::find_if(extras.begin(), extras.end(), [](const std::string& each) { return each != "--"; });
  return first != extras.begin() && first->starts_with('-')
             ? fmt::format("{} comes after --, where nothing is an option: give it before --", *first)
             : describe_unexpected(app, *first);
}

// The parts before and after `separator`; without one, the whole text and nothing.
std::pair<std::string, std::string> split_at(const std::string& text, std::string_view separator) {
  const auto at = text.find(separator);
  return at == std::string::npos ? std::pair(text, std::string())
                                 : std::pair(text.substr(0, at), text.substr(at + separator.size()));
}

std::string describe_unknown_command(const CLI::App& app, const std::string& argument) {
  const std::vector<std::string> commands = list_commands(app);
  return fmt::format("there is no command '{}': {}", argument,
                     suggest(argument, commands, fmt::format("choose one of {}", fmt::join(commands, ", "))));
}

std::string describe_missing(const CLI::App& app, const std::string& name) {
  const std::vector<std::string> others = app.remaining(true);
  if (name == "A subcommand" && !others.empty()) {
    return others.front().starts_with('-') ? describe_unexpected(app, others.front())
                                           : describe_unknown_command(app, others.front());
  }
  return fmt::format("{}: see {} --help", name == "A subcommand" ? "no command is given" : name + " is missing",
                     called_name(app));
}

// CLI11's texts give no advice, and some do not name the option. The names of its errors tell them apart.
std::string describe_error(const CLI::App& app, const CLI::ParseError& error) {
  const std::string text = error.what();
  const std::string& kind = error.get_name();
  if (kind == "RequiredError") {
    return describe_missing(app, split_at(text, " is required").first);
  }
  if (kind == "ArgumentMismatch" && text.ends_with(" missing")) {
    return fmt::format("{0} has no value: give one, or leave {0} out", split_at(text, ": ").first);
  }
  if (kind == "ArgumentMismatch" && text.find("but received") != std::string::npos) {
    return fmt::format("{} is given more than once: give it once", split_at(text, ": ").first);
  }
  if (kind == "ConversionError") {
    const auto [name, value] = split_at(split_at(text, ": ").second, " = ");
    return fmt::format("{} does not take '{}': see {} --help", name, value, called_name(app));
  }
  if (kind == "ExcludesError") {
    const auto [one, other] = split_at(text, " excludes ");
    return fmt::format("{} and {} contradict each other: give one", one, other);
  }
  if (kind == "RequiresError") {
    const auto [one, other] = split_at(text, " requires ");
    return fmt::format("{0} needs {1}: give {1}, or leave {0} out", one, other);
  }
  return fmt::format("{}: see {} --help", text, called_name(app));
}

std::string shown_name(const CLI::Option& option) {
  return option.get_lnames().empty() ? option.get_name() : "--" + option.get_lnames().front();
}

std::string describe_range(double min, double max) {
  return std::isinf(max) ? fmt::format("a number from {}", min) : fmt::format("{} to {}", min, max);
}

// For the help.
template <typename Range>
std::string describe_value(const Range& range) {
  return range.max == Range().max ? "N" : fmt::format("{}..{}", range.min, range.max);
}

// Options with their type and default, and without the library's lists of what an option needs and excludes.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_type_size() == 0) {
      return "";
    }
    const std::string type = option->get_type_name();
    const std::string value = option->get_default_str();
    return (type.empty() ? "" : " " + type) + (value.empty() ? "" : "=" + value) +
           (option->get_expected_max() == CLI::detail::expected_max_vector_size ? " ..." : "");
  }
};

void set_formatter(CLI::App& app) {
  const auto formatter = std::make_shared<HelpFormatter>();
  formatter->column_width(app.get_formatter()->get_column_width());
  app.formatter(formatter);
  for (CLI::App* command : app.get_subcommands([](const CLI::App* /*each*/) { return true; })) {
    set_formatter(*command);
  }
}

// `help [COMMAND]` becomes `[COMMAND] --help`.
std::vector<std::string> expand_help(const CLI::App& app, std::vector<std::string> arguments) {
  const std::vector<std::string> commands = list_commands(app);
  if (commands.empty() || arguments.empty() || arguments.front() != "help") {
    return arguments;
  }
  if (arguments.size() > 1 && std::find(commands.begin(), commands.end(), arguments[1]) == commands.end()) {
    throw std::invalid_argument(describe_unknown_command(app, arguments[1]));
  }
  arguments.erase(arguments.begin());
  arguments.emplace_back("--help");
  return arguments;
}

}  // namespace

std::optional<int> parse_command_line(CLI::App& app, int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--help-json") {
    print_text(stdout, command_line_json(app));
    return 0;
  }
  set_formatter(app);
  std::vector<std::string> arguments = expand_help(app, {argv + std::min(argc, 1), argv + argc});
  std::reverse(arguments.begin(), arguments.end());  // the library's order
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::Success& success) {
    std::ostringstream text;
    const int exit_code = app.exit(success, text, text);
    print_text(stdout, text.str());
    return exit_code;
  } catch (const CLI::ExtrasError&) {
    throw std::invalid_argument(describe_extras(app));
  } catch (const CLI::ParseError& error) {
    throw std::invalid_argument(describe_error(app, error));
  }
  return std::nullopt;
}

CLI::Option* take_count(CLI::Option* option, CountRange range) {
  const auto rewrite = [name = shown_name(*option), range](std::string& text) {
    const auto count = parse_count(text);
    const auto number = parse_number(text);
    const bool is_outside =
        number && !(*number >= static_cast<double>(range.min) && *number <= static_cast<double>(range.max));
    if (is_outside) {
      throw std::invalid_argument(
          fmt::format("{} {} is out of range: give {} to {}", name, text, range.min, range.max));
    }
    if (!count) {
      throw std::invalid_argument(
          fmt::format("{} '{}' is no whole number: give one such as 500, 10k or 2M", name, text));
    }
    text = std::to_string(*count);
    return std::string();
  };
  return option->type_name(describe_value(range))->transform(CLI::Validator(rewrite, ""));
}

CLI::Option* take_number(CLI::Option* option, NumberRange range) {
  const auto rewrite = [name = shown_name(*option), range](std::string& text) {
    const auto number = parse_number(text);
    if (!number) {
      throw std::invalid_argument(fmt::format("{} '{}' is no number: give one such as 0.5, 500 or 10k", name, text));
    }
    if (*number < range.min || *number > range.max) {
      throw std::invalid_argument(
          fmt::format("{} {} is out of range: give {}", name, text, describe_range(range.min, range.max)));
    }
    text = fmt::format("{}", *number);
    return std::string();
  };
  return option->type_name(describe_value(range))->transform(CLI::Validator(rewrite, ""));
}

CLI::Option* take_choice(CLI::Option* option, std::vector<std::string> words) {
  option->type_name(fmt::format("{}", fmt::join(words, "|")));
  const auto check = [name = shown_name(*option), words = std::move(words)](const std::string& text) {
    if (std::find(words.begin(), words.end(), text) == words.end()) {
      throw std::invalid_argument(
          fmt::format("{} {} is unknown: choose one of {}", name, text, fmt::join(words, ", ")));
    }
    return std::string();
  };
  return option->check(CLI::Validator(check, ""));
}

CLI::Option* refuse_empty(CLI::Option* option) {
  const auto check = [name = shown_name(*option)](const std::string& text) {
    if (text.empty()) {
      throw std::invalid_argument(fmt::format("{} is empty: give a value, or leave it out", name));
    }
    return std::string();
  };
  return option->check(CLI::Validator(check, ""));
}

net::Nanoseconds parse_duration_of(std::string_view option, std::string_view text) {
  try {
    return net::parse_duration(text);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(fmt::format("{}: {}", option, error.what()));
  }
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({row[j] + 1, row[j + 1] + 1, replaced}));
    }
  }
  return row.back();
}

std::string find_nearest(std::string_view wrong, std::span<const std::string> names) {
  std::string nearest;
  std::size_t least = (wrong.size() < 4 ? 1 : std::max<std::size_t>(2, wrong.size() / 3)) + 1;
  for (const std::string& name : names) {
    const std::size_t distance = name.starts_with(wrong) ? 0 : edit_distance(name, wrong);
    if (distance < least) {
      least = distance;
      nearest = name;
    }
  }
  return nearest;
}

std::string suggest(std::string_view wrong, std::span<const std::string> names, std::string_view otherwise) {
  const std::string nearest = find_nearest(wrong, names);
  return nearest.empty() ? std::string(otherwise) : fmt::format("did you mean {}?", nearest);
}

namespace {

using nlohmann::json;

json describe(const CLI::Option& option) {
  json names = json::array();
  for (const std::string& name : option.get_snames()) {
    names.push_back("-" + name);
  }
  for (const std::string& name : option.get_lnames()) {
    names.push_back("--" + name);
  }
  if (option.get_positional()) {
    names.push_back(option.get_name());
  }
  return {{"names", names},
          {"positional", option.get_positional()},
          {"required", option.get_required()},
          {"repeatable", option.get_items_expected_max() > 1},
          {"flag", option.get_items_expected_max() == 0},
          {"type", option.get_type_name()},
          {"default", option.get_default_str()},
          {"group", option.get_group()},
          {"help", option.get_description()}};
}

json describe(const CLI::App& app) {
  json options = json::array();
  for (const CLI::Option* option : app.get_options()) {
    options.push_back(describe(*option));
  }
  json commands = json::array();
  for (const CLI::App* command : app.get_subcommands([](const CLI::App* /*each*/) { return true; })) {
    commands.push_back(describe(*command));
  }
  return {{"name", app.get_name()},
          {"help", app.get_description()},
          {"footer", app.get_footer()},
          {"options", options},
          {"commands", commands}};
}

}  // namespace

std::string command_line_json(const CLI::App& app) { return describe(app).dump(2) + "\n"; }

}  // namespace fanin::os
