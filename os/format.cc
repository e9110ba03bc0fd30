#include "os/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace fanin {
namespace {

// With the largest unit in which the value is at least 1.00. The last unit is the smallest: its values have no
// fraction.
using Unit = std::pair<double, const char*>;
std::string format_with_unit(double value, const std::array<Unit, 4>& units) {
  for (const auto& [factor, name] : units) {
    // 999.5 of the smaller unit would be printed as 1000 of it.
    if (factor > 1 && std::fabs(value) >= 0.9995 * factor) {
      return format_digits(value / factor) + name;
    }
  }
  return fmt::format("{:.0f}{}", value, units.back().second);
}

// Where a line has to end that begins at `begin` and goes on to `end`.
std::size_t find_break(const std::string& text, std::size_t begin, std::size_t end, std::size_t width) {
  if (end - begin <= width) {
    return end;
  }
  const std::size_t first_word = std::min(text.find_first_not_of(' ', begin), end);
  const std::size_t last = text.rfind(' ', begin + width);
  return last != std::string::npos && last > first_word ? last : std::min(text.find(' ', first_word), end);
}

}  // namespace

std::string format_digits(double value) {
  const double size = std::fabs(value);
  return fmt::format("{:.{}f}", value, size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

std::string format_time(Nanoseconds duration) {
  return format_with_unit(static_cast<double>(duration.count()),
                          {{{1e9, " s"}, {1e6, " ms"}, {1e3, " us"}, {1, " ns"}}});
}

std::string format_count(std::uint64_t count) {
  std::string text = fmt::format("{}", count);
  for (std::size_t place = text.size(); place > 3; place -= 3) {
    text.insert(place - 3, 1, ',');  // with "," GCC 12 sees an overlap that is not there
  }
  return text;
}

std::string plural(std::uint64_t count, std::string_view noun) {
  const bool ies = count != 1 && noun.ends_with('y');
  return fmt::format("{} {}{}", format_count(count), noun.substr(0, noun.size() - (ies ? 1 : 0)),
                     count == 1 ? ""
                     : ies      ? "ies"
                                : "s");
}

std::string part_of(std::uint64_t part, std::uint64_t whole, std::string_view noun) {
  return fmt::format("{} of {}", format_count(part), plural(whole, noun));
}

std::string_view was_or_were(std::uint64_t count) noexcept { return count == 1 ? "was" : "were"; }

std::string format_rate(double per_second) {
  return (per_second >= 99.95 ? format_count(static_cast<std::uint64_t>(std::llround(per_second)))
                              : format_digits(per_second)) +
         "/s";
}

std::string format_short_rate(double per_second) {
  return per_second < 999.5 ? format_digits(per_second) + "/s"
                            : format_with_unit(per_second, {{{1e9, "G/s"}, {1e6, "M/s"}, {1e3, "k/s"}, {1, "/s"}}});
}

std::string format_bytes(double bytes) {
  return format_with_unit(bytes, {{{0x1p30, " GiB"}, {0x1p20, " MiB"}, {0x1p10, " KiB"}, {1, " B"}}});
}

std::string format_byte_rate(double per_second) {
  return format_with_unit(per_second, {{{1e9, " GB/s"}, {1e6, " MB/s"}, {1e3, " kB/s"}, {1, " B/s"}}});
}

std::string wrapped(const std::string& text, std::size_t width, std::size_t indent) {
  std::string result;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::size_t room = width;
    for (std::size_t at = begin; at <= end;) {
      const std::size_t stop = find_break(text, at, end, room);
      result.append(room < width ? indent : 0, ' ').append(text, at, stop - at);
      result.erase(result.find_last_not_of(' ') + 1);
      result += '\n';
      at = stop == end ? end + 1 : stop + 1;
      room = width - indent;
    }
    begin = end + 1;
  }
  return result;
}

}  // namespace fanin
