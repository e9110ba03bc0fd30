#pragma once

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

}  // namespace fanin
