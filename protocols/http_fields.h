#pragma once

#include <cstdint>
#include <string_view>

namespace fanin {

// Whether a Host field may hold the text (RFC 9110, 7.2): a name or an address, and a port, and blanks behind them. It
// may come in pieces; `ended`, false at first, says whether the blanks have come.
bool is_host_text(std::string_view text, bool& ended) noexcept;

// Transfer-Encoding, letter by letter, because it may come in pieces: 0 at first, kChunkedSpelt when it says "chunked"
// and nothing else.
inline constexpr std::uint8_t kChunkedSpelt = 7;
inline constexpr std::uint8_t kOtherCoding = 255;
std::uint8_t spell_chunked(std::uint8_t spelt, std::string_view text) noexcept;

}  // namespace fanin
