#include "loadgen/plan/parse_arguments.h"

#include <CLI/CLI.hpp>
#include <stdexcept>

#include "loadgen/plan/command_line.h"
#include "loadgen/plan/make_plan.h"

namespace fanin::load {

LoadPlan parse_arguments(const std::vector<std::string>& arguments) {
  CLI::App app;
  LoadOptions options;
  add_load_options(app, options);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  reversed.emplace_back("127.0.0.1:80");
  app.parse(reversed);
  read_input_files(options);
  return make_plan(options);
}

std::string refusal_of_arguments(const std::vector<std::string>& arguments) {
  try {
    parse_arguments(arguments);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "taken";
}

}  // namespace fanin::load
