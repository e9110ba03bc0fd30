#pragma once

#include <cstdint>
#include <string_view>

namespace fanin {

// An endless text of letters and digits without any short period, known to both ends: a long reply is a piece of it, so
// that neither end holds one whole. It repeats itself after a prime number of bytes, so that no buffer's size hides a
// piece left out.
inline constexpr std::uint64_t kPatternPeriod = 65521;

// The text from `position` on, as far as it lies in one piece; never empty.
std::string_view pattern_at(std::uint64_t position) noexcept;

}  // namespace fanin
