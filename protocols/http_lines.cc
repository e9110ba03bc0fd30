#include "protocols/http_lines.h"

#include <cstring>

namespace fanin {
namespace {

const char* find(char wanted, const char* begin, const char* end) noexcept {
  return static_cast<const char*>(std::memchr(begin, wanted, static_cast<std::size_t>(end - begin)));
}

}  // namespace

std::optional<std::size_t> HttpLines::take(std::string_view input) noexcept {
  const char* at = input.data();
  const char* const end = at + input.size();
  while (at < end && !ended_) {
    if (line_is_empty_ && (*at == ' ' || *at == '\t')) {
      return std::nullopt;
    }
    const char* const newline = find('\n', at, end);
    const char* const text_end = newline != nullptr ? newline : end;
    const char* const cr = find('\r', at, text_end);
    // Where the CR came before, the LF must be the first byte. Else it is the last but one of the line, or of the
    // input.
    const bool fits = after_cr_ ? newline == at : cr == text_end - 1 || (cr == nullptr && newline == nullptr);
    if (!fits) {
      return std::nullopt;
    }
    line_is_empty_ &= after_cr_ || cr == at;
    after_cr_ = newline == nullptr && cr != nullptr;
    if (newline != nullptr) {
      ended_ = line_is_empty_ && has_lines_;
      has_lines_ |= !line_is_empty_;
      line_is_empty_ = true;
    }
    at = newline != nullptr ? newline + 1 : end;
  }
  return static_cast<std::size_t>(at - input.data());
}

}  // namespace fanin
