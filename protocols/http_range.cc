#include "protocols/http_range.h"

#include <algorithm>
#include <charconv>

namespace fanin {
namespace {

// Takes a number off the front of `text`; false where there is none. One too large for its type is as good as the end.
bool take_number(std::string_view& text, std::uint64_t& number) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::invalid_argument) {
    return false;
  }
  if (error == std::errc::result_out_of_range) {
    number = UINT64_MAX;
  }
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

std::optional<HttpRange> parse_http_range(std::string_view field, std::uint64_t size) noexcept {
  constexpr std::string_view kUnit = "bytes=";
  if (!field.starts_with(kUnit)) {
    return std::nullopt;
  }
  field.remove_prefix(kUnit.size());
  std::uint64_t first = 0;
  std::uint64_t last = UINT64_MAX;
  const bool has_first = take_number(field, first);
  if (!field.starts_with('-')) {
    return std::nullopt;
  }
  field.remove_prefix(1);
  const bool has_last = take_number(field, last);
  if (!field.empty() || !(has_first || has_last)) {
    return std::nullopt;
  }
  if (!has_first) {  // the last so many bytes
    return HttpRange{size - std::min(last, size), size};
  }
  if (last < first) {
    return std::nullopt;
  }
  return HttpRange{first, last >= size ? size : last + 1};
}

}  // namespace fanin
