#pragma once

#include <cstddef>
#include <string_view>

namespace fanin {

// Levenshtein's distance: how many characters to insert, delete or replace.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace fanin
