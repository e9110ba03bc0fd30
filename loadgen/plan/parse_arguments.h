#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "loadgen/plan/make_plan.h"
#include "loadgen/plan/options.h"

namespace fanin::load {

// For tests of the command line.

using Texts = std::vector<std::pair<std::string, std::string>>;

// The plan for these arguments, with a target on this machine.
inline LoadPlan parse_arguments(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"fanin-load", "127.0.0.1:80"});
  std::vector<char*> argv;
  for (std::string& argument : arguments) {
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);
  LoadOptions options;
  parse_command(static_cast<int>(arguments.size()), argv.data(), options);
  return make_plan(options);
}

// The message that refuses these arguments, or "taken".
inline std::string refusal_of_arguments(const std::vector<std::string>& arguments) {
  try {
    parse_arguments(arguments);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "taken";
}

}  // namespace fanin::load
