#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fanin {

// A number as people write it: 1500, 1.5k (thousand), 2M (million). Nothing where the text is none; "0x10" and "1e3"
// are none, and "010" is ten.
std::optional<double> parse_number(std::string_view text);

// The same for what is counted: whole after its suffix is applied. May be negative, for the caller to refuse.
std::optional<std::int64_t> parse_count(std::string_view text);

}  // namespace fanin
