#pragma once

#include <string>

#include "harness/suite/server.h"

namespace fanin::harness {

// Whether the first word of a command line can be executed: in PATH, or a path.
bool is_program_installed(const std::string& name);

// The first requirement of the server that is not installed here, and what to do: "needs the Python module tornado:
// install python3-tornado". Empty: all are. Throws std::system_error if the harness lacks a resource.
std::string find_missing_requirement(const ServerSpec& server);

}  // namespace fanin::harness
