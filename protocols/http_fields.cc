#include "protocols/http_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace fanin {
namespace {

// strftime and strptime would follow the locale of the program that they are used in; the names are HTTP's own.
constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Takes a number off the front of `text`; false where there is none. One too large for its type is as good as the end.
bool take_number(std::string_view& text, std::uint64_t& number) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::invalid_argument) {
    return false;
  }
  if (error == std::errc::result_out_of_range) {
    number = UINT64_MAX;
  }
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

std::time_t http_now() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &time);
  return time.tv_sec;
}

std::string format_http_date(std::time_t time) {
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays.at(static_cast<std::size_t>(parts.tm_wday)),
                     parts.tm_mday, kMonths.at(static_cast<std::size_t>(parts.tm_mon)), parts.tm_year + 1900,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::optional<std::time_t> parse_http_date(std::string_view text) {
  if (text.size() > 40) {
    return std::nullopt;
  }
  const std::string copy(text);  // strptime wants an end
  for (const char* form : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"}) {
    std::tm parts{};
    const char* end = ::strptime(copy.c_str(), form, &parts);
    if (end == copy.c_str() + copy.size()) {
      return ::timegm(&parts);
    }
  }
  return std::nullopt;
}

std::string_view http_date_field(std::time_t now) {
  thread_local std::time_t made_for = -1;
  thread_local std::string field;
  if (now != made_for) {
    field = fmt::format("Date: {}\r\n", format_http_date(now));
    made_for = now;
  }
  return field;
}

std::optional<HttpRange> parse_http_range(std::string_view field, std::uint64_t size) noexcept {
  constexpr std::string_view kUnit = "bytes=";
  if (!field.starts_with(kUnit)) {
    return std::nullopt;
  }
  field.remove_prefix(kUnit.size());
  std::uint64_t first = 0;
  std::uint64_t last = UINT64_MAX;
  const bool has_first = take_number(field, first);
  if (!field.starts_with('-')) {
    return std::nullopt;
  }
  field.remove_prefix(1);
  const bool has_last = take_number(field, last);
  if (!field.empty() || !(has_first || has_last)) {
    return std::nullopt;
  }
  if (!has_first) {  // the last so many bytes
    return HttpRange{size - std::min(last, size), size};
  }
  if (last < first) {
    return std::nullopt;
  }
  return HttpRange{first, last >= size ? size : last + 1};
}

}  // namespace fanin
