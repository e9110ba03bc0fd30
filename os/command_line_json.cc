#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "os/command_line.h"

namespace fanin {
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
  return {{"name", app.get_name()}, {"help", app.get_description()}, {"options", options}, {"commands", commands}};
}

}  // namespace

std::string command_line_json(const CLI::App& app) { return describe(app).dump(2) + "\n"; }

}  // namespace fanin
