#pragma once

#include <string>
#include <string_view>

#include "net/clock.h"

namespace fanin {

constexpr double to_seconds(Nanoseconds duration) noexcept { return std::chrono::duration<double>(duration).count(); }

// Parses a duration: numbers with a unit of h, m, s, ms, us or ns, larger units first ("500ms", "1.5s", "100us",
// "1m30s", "2h"); a bare number is seconds. Never negative. Throws std::invalid_argument naming the text.
Nanoseconds parse_duration(std::string_view text);

// Formats without loss, in the shortest form: "300ms", "1s", "1500us".
std::string format_duration(Nanoseconds duration);

}  // namespace fanin
