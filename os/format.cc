#include "os/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

namespace fanin::os {
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
  if (size >= 999.5 && size < 1e18) {
    return (value < 0 ? "-" : "") + format_count(static_cast<std::uint64_t>(std::llround(size)));
  }
  if (size > 0 && size < 0.00995) {
    const int decimals = 2 - static_cast<int>(std::floor(std::log10(size)));
    return fmt::format("{:.{}f}", value, std::min(decimals, 9));
  }
  return fmt::format("{:.{}f}", value, size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

std::string format_time(net::Nanoseconds duration) {
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

namespace {

constexpr std::string_view kDigits = "0123456789";

// Decimal places by which a suffix moves the point. The suffix is taken from the end of `text`.
int take_suffix(std::string_view& text) {
  const char last = text.empty() ? ' ' : text.back();
  const int places = last == 'k' ? 3 : last == 'M' ? 6 : 0;
  text.remove_suffix(places > 0 ? 1 : 0);
  return places;
}

template <typename Number>
std::optional<Number> parse_whole(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  const int places = take_suffix(text);
  if (text.find_first_not_of("0123456789.-") != std::string_view::npos) {
    return std::nullopt;
  }
  const auto number = parse_whole<double>(text);
  return number ? std::optional(*number * std::pow(10, places)) : std::nullopt;
}

std::optional<std::int64_t> parse_count(std::string_view text) {
  auto places = static_cast<std::size_t>(take_suffix(text));
  const std::size_t point = text.find('.');
  const std::string_view fraction = point == std::string_view::npos ? "" : text.substr(point + 1);
  const std::string_view whole = text.substr(0, point);
  const bool digits_only = fraction.find_first_not_of(kDigits) == std::string_view::npos;
  if (fraction.size() > places || !digits_only || whole.empty() ||
      (point != std::string_view::npos && fraction.empty())) {
    return std::nullopt;
  }
  // Digit by digit, since a double holds 53 bits only.
  return parse_whole<std::int64_t>(std::string(whole) + std::string(fraction) +
                                   std::string(places - fraction.size(), '0'));
}

namespace {

unsigned char byte_at(std::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }

// Length of a sequence by its first byte (Unicode 15, table 3-7); 0: no sequence begins so.
std::size_t sequence_length(unsigned char first) {
  if (first < 0x80) {
    return 1;
  }
  if (first < 0xC2) {
    return 0;
  }
  return first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
}

bool second_fits(unsigned char first, unsigned char second) {
  switch (first) {
    case 0xC2:
      return second >= 0xA0;  // below are the C1 control characters
    case 0xE0:
      return second >= 0xA0;
    case 0xED:
      return second <= 0x9F;
    case 0xF0:
      return second >= 0x90;
    case 0xF4:
      return second <= 0x8F;
    default:
      return true;
  }
}

// The characters that turn the direction of what follows, U+202A to U+202E and U+2066 to U+2069, in UTF-8: a terminal
// would show a text in another order than it has.
bool turns_direction(std::string_view text) {
  const unsigned char last = text.size() < 3 ? 0 : byte_at(text, 2);
  return (text.starts_with("\xE2\x80") && last >= 0xAA && last <= 0xAE) ||
         (text.starts_with("\xE2\x81") && last >= 0xA6 && last <= 0xA9);
}

// Bytes of the character at the front of `text` that may be shown as it is; 0: its first byte may not.
std::size_t printable_length(std::string_view text) {
  const unsigned char first = byte_at(text, 0);
  const std::size_t length = sequence_length(first);
  if (length == 1) {
    return first >= ' ' && first != 0x7F ? 1 : 0;
  }
  if (length == 0 || length > text.size() || !second_fits(first, byte_at(text, 1)) || turns_direction(text)) {
    return 0;
  }
  const auto rest = text.substr(1, length - 1);
  return std::all_of(rest.begin(), rest.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; })
             ? length
             : 0;
}

std::string escaped(char c) {
  switch (c) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
}

}  // namespace

std::string printable(std::string_view text, std::size_t max_bytes) {
  constexpr std::string_view kCut = "...";
  std::string line;
  std::size_t kept = 0;  // of the line, where the mark of a cut still fits behind it
  while (!text.empty()) {
    const std::size_t length = printable_length(text);
    const std::string piece = length > 0 ? std::string(text.substr(0, length)) : escaped(text.front());
    text.remove_prefix(std::max<std::size_t>(length, 1));
    if (line.size() + piece.size() > max_bytes) {
      line.resize(kept);
      return line.append(kCut);
    }
    line += piece;
    if (line.size() + kCut.size() <= max_bytes) {
      kept = line.size();
    }
  }
  return line;
}

bool is_printable(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t length = printable_length(text);
    if (length == 0) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace fanin::os
