#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace fanin {

// `fanin-server list`: every model and protocol, for people and in the shape of docs/interfaces.md.
std::string list_text();
nlohmann::json list_json();

}  // namespace fanin
