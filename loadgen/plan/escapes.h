#pragma once

#include <string>
#include <string_view>

namespace fanin::load {

// Resolves the C escapes \r \n \t \0 \\ \" \' and \xNN, so that a request can be typed on a command line.
// Throws std::invalid_argument naming an escape that is none.
std::string unescape(std::string_view text);

}  // namespace fanin::load
