#include "protocols/http_fields.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace fanin {
namespace {

constexpr std::string_view kChunked = "chunked";
static_assert(kChunked.size() == kChunkedSpelt);

// By character: whether it may stand in a Host field.
constexpr std::array<bool, 256> kHostText = [] {
  std::array<bool, 256> allowed{};
  for (const std::string_view some :
       {"abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", "-._~%!$&'()*+,;=:[]"}) {
    for (const char c : some) {
      allowed[static_cast<unsigned char>(c)] = true;
    }
  }
  return allowed;
}();

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

}  // namespace

bool is_host_text(std::string_view text, bool& ended) noexcept {
  std::size_t i = 0;
  while (!ended && i < text.size() && kHostText[static_cast<unsigned char>(text[i])]) {
    ++i;
  }
  ended |= i < text.size();
  return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(i), text.end(), is_blank);
}

std::uint8_t spell_chunked(std::uint8_t spelt, std::string_view text) noexcept {
  for (const char c : text) {
    if (spelt < kChunked.size() && std::tolower(static_cast<unsigned char>(c)) == kChunked[spelt]) {
      ++spelt;
    } else if (spelt != kChunked.size() || !is_blank(c)) {
      return kOtherCoding;
    }
  }
  return spelt;
}

}  // namespace fanin
