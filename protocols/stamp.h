#pragma once

#include <cstddef>
#include <cstdint>

namespace fanin {

// A request's mark: connection and sequence number in hexadecimal, least significant digit first, so that even a
// one-digit stamp differs from its neighbours.
inline constexpr std::size_t kStampDigits = 16;

// Writes the first `digits` (at most kStampDigits) of the stamp to `to`.
inline void write_stamp(char* to, std::size_t digits, std::uint32_t connection, std::uint32_t sequence,
                        const char* alphabet = "0123456789abcdef") noexcept {
  std::uint64_t number = (static_cast<std::uint64_t>(connection) << 32) | sequence;
  for (std::size_t i = 0; i < digits; ++i) {
    to[i] = alphabet[number & 0xf];
    number >>= 4;
  }
}

}  // namespace fanin
