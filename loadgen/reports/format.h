#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/clock.h"

namespace fanin::load {

// Numbers for people, rounded to three significant digits except counts.
std::string format_time(Nanoseconds duration);                   // "850 ns", "12.3 us", "4.72 ms", "1.5 s"
std::string format_count(std::uint64_t count);                   // "1,163,580"
std::string plural(std::uint64_t count, std::string_view noun);  // "1 byte", "1,200 bytes", "2 replies"
std::string format_rate(double per_second);                      // "116,358/s", "12.5/s"
std::string format_bytes(double bytes);                          // "7.45 MB"

// Wraps lines longer than `width` bytes at spaces; continuation lines are indented by `indent` more. A word that is too
// long stays whole. No line ends in a space.
std::string wrapped(const std::string& text, std::size_t width, std::size_t indent);

}  // namespace fanin::load
