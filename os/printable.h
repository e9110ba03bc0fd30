#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fanin {

// The bytes of `text` as one line that does nothing to a terminal: control characters (C0, DEL and C1), those that turn
// the direction of text and what is no UTF-8 become \n, \r, \t, \xNN. Everything else stays. A text that would take
// more than `max_bytes` ends in "...".
std::string printable(std::string_view text, std::size_t max_bytes = 1000);

// Whether printable() would change nothing but the length.
bool is_printable(std::string_view text) noexcept;

}  // namespace fanin
