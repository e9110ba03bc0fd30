#include "os/quantity.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <string>

namespace fanin {
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

}  // namespace fanin
