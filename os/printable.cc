#include "os/printable.h"

#include <fmt/format.h>

#include <algorithm>

namespace fanin {
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

}  // namespace fanin
