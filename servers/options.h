#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "servers/server.h"

namespace fanin {

// What the command line of fanin-server says.
struct ServerCommand {
  std::string model;
  ServerOptions options;
  bool list_as_json = false;
};

// Declares the arguments of docs/interfaces.md. `command` must outlive the parsing.
void add_server_options(CLI::App& app, ServerCommand& command);

// Names, without dashes, of the options on the command line that only some models or some protocols take.
struct GivenOptions {
  std::vector<std::string> of_models;
  std::vector<std::string> of_protocols;
};
GivenOptions given_options(const CLI::App& app);

// Checks what CLI11 cannot. Throws std::invalid_argument naming what is wrong.
void validate(const ServerOptions& options);

}  // namespace fanin
