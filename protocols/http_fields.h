#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace fanin {

// Seconds since 1970 from the kernel's coarse clock, which costs a few nanoseconds.
std::time_t http_now() noexcept;

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7).
std::string format_http_date(std::time_t time);

// Parses the three forms that a server must accept; empty for anything else.
std::optional<std::time_t> parse_http_date(std::string_view text);

// The field "Date: ...\r\n" of `now`, formatted once a second. Valid in the calling thread until its next call.
std::string_view http_date_field(std::time_t now);

// Bytes `begin` to before `end`.
struct HttpRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  bool empty() const noexcept { return begin >= end; }
};

// The bytes that a Range field selects of a file of `size` bytes. Empty if the field is ignored: several ranges,
// another unit, or no valid range. An empty range is unsatisfiable.
std::optional<HttpRange> parse_http_range(std::string_view field, std::uint64_t size) noexcept;

}  // namespace fanin
