#include "protocols/http_lines.h"

namespace fanin {

std::optional<std::size_t> HttpLines::take(std::string_view input) noexcept {
  std::size_t at = 0;
  while (at < input.size() && !ended_) {
    if (length_ == 0 && (input[at] == ' ' || input[at] == '\t')) {
      return std::nullopt;
    }
    const std::size_t newline = input.find('\n', at);
    if (newline == std::string_view::npos) {
      length_ += input.size() - at;
      last_ = input.back();
      return input.size();
    }
    length_ += newline - at;
    if (length_ == 0 || (newline > at ? input[newline - 1] : last_) != '\r') {
      return std::nullopt;
    }
    ended_ = length_ == 1 && has_lines_;
    has_lines_ |= length_ > 1;
    length_ = 0;
    at = newline + 1;
  }
  return at;
}

}  // namespace fanin
