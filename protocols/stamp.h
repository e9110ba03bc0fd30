#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace fanin {

// The stamp of a request: connection and sequence number in hexadecimal, least significant digit first, so that even
// one-digit stamps of neighbours differ.
inline constexpr std::size_t kStampDigits = 16;

// The digits of a stamp as bytes of two words, the sequence's first, as they are in memory.
using StampText = std::uint64_t __attribute__((vector_size(kStampDigits)));

// All digits at once: a digit at a time was a sixth of the user time of a small request.
inline StampText stamp_text(std::uint32_t connection, std::uint32_t sequence, bool upper_case) noexcept {
  static_assert(std::endian::native == std::endian::little, "the least significant digit goes first");
  constexpr std::uint64_t kEach = 0x0101010101010101;
  StampText digits{sequence, connection};
  digits = (digits | digits << 16) & 0x0000ffff0000ffff;
  digits = (digits | digits << 8) & 0x00ff00ff00ff00ff;
  digits = (digits | digits << 4) & 0x0f0f0f0f0f0f0f0f;
  const StampText is_letter = (digits + 6 * kEach) >> 4 & kEach;
  static_assert('A' - '0' - 10 == 8 - 1 && 'a' - 'A' == 32, "what a letter is more than a digit: no multiplication");
  digits += '0' * kEach + (is_letter << 3) - is_letter;
  return upper_case ? digits : digits + (is_letter << 5);
}

// Writes the first `digits` (at most kStampDigits) of the stamp to `to`.
inline void write_stamp(char* to, std::size_t digits, std::uint32_t connection, std::uint32_t sequence,
                        bool upper_case = false) noexcept {
  const StampText text = stamp_text(connection, sequence, upper_case);
  if (digits == kStampDigits) [[likely]] {
    std::memcpy(to, &text, kStampDigits);
  } else {
    std::memcpy(to, &text, digits);
  }
}

// Whether all digits of the stamp are at `from`.
inline bool has_stamp(const char* from, std::uint32_t connection, std::uint32_t sequence, bool upper_case) noexcept {
  StampText text;
  std::memcpy(&text, from, kStampDigits);
  text ^= stamp_text(connection, sequence, upper_case);
  return (text[0] | text[1]) == 0;
}

}  // namespace fanin
