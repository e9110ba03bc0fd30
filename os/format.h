#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/clock.h"

namespace fanin::os {

// Text for people and from people.

// Numbers, rounded to three significant digits except counts.
std::string format_digits(double value);             // "0.00202", "6.21", "12.3", "152", "2,346"
std::string format_time(net::Nanoseconds duration);  // "850 ns", "12.3 us", "4.72 ms", "1.5 s"
std::string format_count(std::uint64_t count);       // "1,163,580"
std::string format_rate(double per_second);          // "116,358/s", "12.5/s"
std::string format_short_rate(double per_second);    // "116k/s", "12.5/s"
std::string format_bytes(double bytes);              // of memory: "7.10 MiB"
std::string format_byte_rate(double per_second);     // of a network: "7.45 MB/s"

// Counts with a noun in singular or plural: "1 byte", "1,200 bytes", "2 replies"; "1 of 2 replies", "1 of 1 reply".
std::string plural(std::uint64_t count, std::string_view noun);
std::string part_of(std::uint64_t part, std::uint64_t whole, std::string_view noun);
// "was" or "were".
std::string_view was_or_were(std::uint64_t count) noexcept;

// Wraps lines longer than `width` bytes at spaces; continuation lines are indented by `indent` more. A word that is too
// long stays whole. No line ends in a space.
std::string wrapped(const std::string& text, std::size_t width, std::size_t indent);

// A decimal number such as 1500, 1.5k (thousand) or 2M (million); "010" is ten. Nothing for other text, such as "0x10"
// and "1e3".
std::optional<double> parse_number(std::string_view text);

// The same for counts, which are whole numbers after the suffix is applied. The caller refuses negative ones.
std::optional<std::int64_t> parse_count(std::string_view text);

// `text` as one line that is safe to print on a terminal: control characters (C0, DEL and C1), characters that change
// the direction of text, and bytes that are not UTF-8 become \n, \r, \t, \xNN. Everything else stays. A text longer
// than `max_bytes` is cut and ends in "...".
std::string printable(std::string_view text, std::size_t max_bytes = 1000);

// Whether printable() would keep all of it, except for the length.
bool is_printable(std::string_view text) noexcept;

}  // namespace fanin::os
