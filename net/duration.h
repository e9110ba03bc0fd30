#pragma once

#include <string>
#include <string_view>

#include "net/clock.h"

namespace fanin {

// Parses a duration as every program and suite writes it: a number and a unit of ns, us, ms, s or m ("500ms", "1.5s",
// "100us", "2m"); a bare number is seconds. Never negative. Throws std::invalid_argument naming the text that is none.
Nanoseconds parse_duration(std::string_view text);

// The shortest of the same forms that loses nothing: "300ms", "1s", "1500us".
std::string format_duration(Nanoseconds duration);

}  // namespace fanin
