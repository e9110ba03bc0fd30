#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/clock.h"

namespace fanin {

// Numbers for people, rounded to three significant digits except counts.
std::string format_digits(double value);           // "6.21", "12.3", "152"
std::string format_time(Nanoseconds duration);     // "850 ns", "12.3 us", "4.72 ms", "1.5 s"
std::string format_count(std::uint64_t count);     // "1,163,580"
std::string format_rate(double per_second);        // "116,358/s", "12.5/s"
std::string format_short_rate(double per_second);  // "116k/s", "12.5/s"
std::string format_bytes(double bytes);            // of memory: "7.10 MiB"
std::string format_byte_rate(double per_second);   // of a network: "7.45 MB/s"

// Counts with a noun in the number that fits: "1 byte", "1,200 bytes", "2 replies"; "1 of 2 replies", "1 of 1 reply".
std::string plural(std::uint64_t count, std::string_view noun);
std::string part_of(std::uint64_t part, std::uint64_t whole, std::string_view noun);
// "was" or "were".
std::string_view was_or_were(std::uint64_t count) noexcept;

// Wraps lines longer than `width` bytes at spaces; continuation lines are indented by `indent` more. A word that is too
// long stays whole. No line ends in a space.
std::string wrapped(const std::string& text, std::size_t width, std::size_t indent);

}  // namespace fanin
