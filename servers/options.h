#pragma once

#include <optional>
#include <string>
#include <vector>

#include "servers/server.h"

namespace fanin::server {

// Names, without dashes, of the options on the command line that only some models or some protocols take.
struct GivenOptions {
  std::vector<std::string> of_models;
  std::vector<std::string> of_protocols;
};

// What the command line of fanin-server says.
struct ServerCommand {
  std::string model;
  ServerOptions options;
  GivenOptions given;
  bool list_as_json = false;
};

// Reads the arguments of docs/command-line.md. Returns an exit code where help was asked for and printed. Throws
// std::invalid_argument saying what is wrong with the line.
std::optional<int> parse_command(int argc, char** argv, ServerCommand& command);

// Checks what CLI11 cannot. Throws std::invalid_argument naming what is wrong.
void validate(const ServerOptions& options);

}  // namespace fanin::server
