#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocols/server_options.h"
#include "servers/server.h"

namespace fanin::server {

// Names, without dashes, of the given options that only some models or protocols have.
struct GivenOptions {
  std::vector<std::string> of_models;
  std::vector<std::string> of_protocols;
};

// The command line of fanin-server.
struct ServerCommand {
  std::string model;
  ServerOptions options;
  protocols::ServerProtocolOptions protocol_options;
  GivenOptions given;
  bool list_as_json = false;
  bool check_only = false;
};

// Reads the arguments of docs/command-line.md. Returns an exit code after --help. Throws std::invalid_argument naming
// the mistake.
std::optional<int> parse_command(int argc, char** argv, ServerCommand& command);

// Checks beyond CLI11's. Throws std::invalid_argument naming the mistake.
void validate(const ServerCommand& command);

}  // namespace fanin::server
