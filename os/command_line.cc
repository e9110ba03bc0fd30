#include "os/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "os/edit_distance.h"
#include "os/program.h"
#include "os/quantity.h"

namespace fanin {
namespace {

// The name, without dashes, of the option that was probably meant; empty: none is near.
std::string nearest_option(const CLI::App& app, std::string_view wrong) {
  std::string nearest;
  std::size_t least = (wrong.size() < 4 ? 1 : std::max<std::size_t>(2, wrong.size() / 3)) + 1;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      const std::size_t distance = name.starts_with(wrong) ? 0 : edit_distance(name, wrong);
      if (distance < least) {
        least = distance;
        nearest = name;
      }
    }
  }
  return nearest;
}

// The command that was called, the program itself where it has none.
const CLI::App& called(const CLI::App& app) {
  const std::vector<const CLI::App*> commands =
      app.get_subcommands([](const CLI::App* each) { return each->parsed(); });
  return commands.empty() ? app : called(*commands.back());
}

std::string describe_unexpected(const CLI::App& app, const std::string& argument) {
  if (!argument.starts_with('-')) {
    return fmt::format("'{}' is one argument too many: see {} --help", argument, app.get_name());
  }
  const std::string_view name = std::string_view(argument).substr(argument.starts_with("--") ? 2 : 1);
  const std::string nearest = nearest_option(called(app), name.substr(0, name.find('=')));
  return nearest.empty() ? fmt::format("there is no option {}: see {} --help", argument, app.get_name())
                         : fmt::format("there is no option {}: did you mean --{}?", argument, nearest);
}

std::string dashed_name(const CLI::Option& option) { return "--" + option.get_lnames().front(); }

}  // namespace

std::optional<int> parse_command_line(CLI::App& app, int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--help-json") {
    print_text(stdout, command_line_json(app));
    return 0;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    std::ostringstream text;
    const int exit_code = app.exit(success, text, text);
    print_text(stdout, text.str());
    return exit_code;
  } catch (const CLI::ExtrasError&) {
    throw std::invalid_argument(describe_unexpected(app, app.remaining(true).front()));
  } catch (const CLI::ParseError& error) {
    throw std::invalid_argument(fmt::format("{}: see {} --help", error.what(), app.get_name()));
  }
  return std::nullopt;
}

CLI::Option* take_count(CLI::Option* option, std::int64_t max) {
  const auto rewrite = [name = dashed_name(*option), max](std::string& text) {
    const auto count = parse_count(text);
    if (const auto number = parse_number(text); number && !(*number >= 0 && *number <= static_cast<double>(max))) {
      throw std::invalid_argument(fmt::format("{} {} is out of range: give 0 to {}", name, text, max));
    }
    if (!count) {
      throw std::invalid_argument(
          fmt::format("{} '{}' is no whole number: give one such as 500, 10k or 1.5M", name, text));
    }
    text = std::to_string(*count);
    return std::string();
  };
  return option->transform(CLI::Validator(rewrite, ""));
}

CLI::Option* take_number(CLI::Option* option) {
  const auto rewrite = [name = dashed_name(*option)](std::string& text) {
    const auto number = parse_number(text);
    if (!number) {
      throw std::invalid_argument(fmt::format("{} '{}' is no number: give one such as 0.5, 500 or 10k", name, text));
    }
    if (*number < 0) {
      throw std::invalid_argument(fmt::format("{} {} is out of range: give a number from 0", name, text));
    }
    text = fmt::format("{}", *number);
    return std::string();
  };
  return option->transform(CLI::Validator(rewrite, ""));
}

}  // namespace fanin
