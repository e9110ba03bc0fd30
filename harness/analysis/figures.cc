#include "harness/analysis/figures.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace fanin::harness {
namespace {

std::string three_digits(double value) {
  const double size = std::fabs(value);
  const int decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f}", value, decimals);
}

std::string scaled(double value, const std::array<const char*, 4>& prefixes) {
  std::size_t step = 0;
  for (; step + 1 < prefixes.size() && std::fabs(value) >= 999.5; ++step) {
    value /= 1000;
  }
  return fmt::format("{}{}", three_digits(value), prefixes[step]);
}

}  // namespace

std::string figure(const Json& value, std::string_view unit) {
  if (!value.is_number()) {
    return "-";
  }
  const double number = value.get<double>();
  if (unit == "ns") {
    return scaled(number, {" ns", " us", " ms", " s"});
  }
  if (unit == "bytes") {
    return scaled(number, {" B", " kB", " MB", " GB"});
  }
  if (unit == "1/s") {
    return scaled(number, {"", "k", "M", "G"}) + "/s";
  }
  return three_digits(number);
}

}  // namespace fanin::harness
