#include "net/duration.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <utility>

namespace fanin {
namespace {

constexpr std::array<std::pair<std::string_view, double>, 6> kUnits{
    {{"ns", 1.0}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"", 1e9}}};

}  // namespace

Nanoseconds parse_duration(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error == std::errc{} && std::isfinite(number) && number >= 0) {
    for (const auto& [name, factor] : kUnits) {
      // Half the range of 64-bit nanoseconds (146 years) leaves room to add durations to points in time.
      if (unit == name && number * factor < static_cast<double>(std::numeric_limits<std::int64_t>::max()) / 2) {
        return Nanoseconds(std::llround(number * factor));
      }
    }
  }
  throw std::invalid_argument(fmt::format("'{}' is not a duration such as 10s, 500ms or 100us", text));
}

std::string format_duration(Nanoseconds duration) {
  const std::int64_t count = duration.count();
  if (count % 1'000'000'000 == 0) {
    return fmt::format("{}s", count / 1'000'000'000);
  }
  if (count % 1'000'000 == 0) {
    return fmt::format("{}ms", count / 1'000'000);
  }
  if (count % 1'000 == 0) {
    return fmt::format("{}us", count / 1'000);
  }
  return fmt::format("{}ns", count);
}

}  // namespace fanin
