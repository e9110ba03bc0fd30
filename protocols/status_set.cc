#include "protocols/status_set.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <stdexcept>

namespace fanin {
namespace {

std::optional<unsigned> parse_code(std::string_view text) {
  unsigned code = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
  const bool is_code = error == std::errc{} && end == text.data() + text.size() && text.size() == 3 && code >= 100;
  return is_code ? std::optional(code) : std::nullopt;
}

}  // namespace

StatusSet StatusSet::parse(std::string_view text) {
  StatusSet set;
  for (std::string_view rest = text;;) {
    const std::string_view part = rest.substr(0, rest.find(','));
    const auto dash = part.find('-');
    const auto low = parse_code(part.substr(0, dash));
    const auto high = dash == std::string_view::npos ? low : parse_code(part.substr(dash + 1));
    if (!low || !high || *low > *high) {
      throw std::invalid_argument(fmt::format(
          "--expect-status '{}': '{}' is no status: give codes and ranges such as 200,301,400-499", text, part));
    }
    for (unsigned code = *low; code <= *high; ++code) {
      set.codes_.set(code);
    }
    if (part.size() == rest.size()) {
      return set;
    }
    rest.remove_prefix(part.size() + 1);
  }
}

}  // namespace fanin
