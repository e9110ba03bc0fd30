#pragma once

#include <cstdint>
#include <string_view>

namespace fanin {

// An endless text of letters and digits without a short period, known to both ends: a long reply is a piece of it, so
// neither end stores one. Its period is prime, so that no buffer size hides an omission.
inline constexpr std::uint64_t kPatternPeriod = 65521;

// The contiguous text from `position` on; never empty.
std::string_view pattern_at(std::uint64_t position) noexcept;

}  // namespace fanin
