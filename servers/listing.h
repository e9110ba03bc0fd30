#pragma once

#include <string>

namespace fanin::server {

// `fanin-server list`: every model and protocol, as text and as JSON (docs/contracts.md).
std::string list_text();
std::string list_json();

}  // namespace fanin::server
