#include "loadgen/plan/option_checks.h"

#include <fmt/format.h>

#include <stdexcept>

namespace fanin::load {
void refuse(const std::string& text) { throw std::invalid_argument(text); }

std::int64_t in_range(const char* option, std::int64_t value, std::int64_t low, std::int64_t high) {
  if (value < low || value > high) {
    refuse(fmt::format("{} {} is out of range: give {} to {}", option, value, low, high));
  }
  return value;
}

Nanoseconds positive(const char* option, Nanoseconds value) {
  if (value <= Nanoseconds(0)) {
    refuse(fmt::format("{} must be above 0: give a time such as 10s or 500ms", option));
  }
  return value;
}

}  // namespace fanin::load
