#include "loadgen/plan/escapes.h"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

namespace fanin::load {
namespace {

char hex_byte(std::string_view digits, std::string_view whole) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (digits.size() != 2 || error != std::errc{} || end != digits.data() + digits.size()) {
    throw std::invalid_argument(fmt::format("'{}' has a \\x without two hexadecimal digits", whole));
  }
  return static_cast<char>(value);
}

}  // namespace

std::string unescape(std::string_view text) {
  constexpr std::string_view kLetters = "rnt0\\\"'";
  constexpr std::string_view kMeanings("\r\n\t\0\\\"'", 7);
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      bytes.push_back(text[i]);
      continue;
    }
    const char letter = i + 1 < text.size() ? text[i + 1] : ' ';
    if (letter == 'x') {
      bytes.push_back(hex_byte(text.substr(i + 2, 2), text));
      i += 3;
    } else if (const auto known = kLetters.find(letter); known != std::string_view::npos) {
      bytes.push_back(kMeanings[known]);
      ++i;
    } else {
      throw std::invalid_argument(
          fmt::format("'{}' has an unknown escape '\\{}': known are \\r \\n \\t \\0 \\\\ \\xNN", text, letter));
    }
  }
  return bytes;
}

}  // namespace fanin::load
