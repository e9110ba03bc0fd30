#include "protocols/http_reply_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <utility>

namespace fanin {
namespace {

constexpr std::size_t kMaxSearched = 65536;

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

BodyCheck::BodyCheck(std::string text, const std::string& pattern)
    : text_(std::move(text)), pattern_(pattern.empty() ? nullptr : std::make_unique<ReplyPattern>(pattern)) {}

void BodyCheck::take(Progress& progress, std::string_view piece) {
  if (!text_.empty()) {
    const std::size_t from = std::min(progress.bytes, text_.size());
    progress.wrong = progress.wrong || text_.compare(from, piece.size(), piece) != 0;
  }
  if (pattern_ && !progress.matched && !progress.wrong && progress.bytes < kMaxSearched) {
    search(progress, piece);
  }
  progress.bytes += piece.size();
}

void BodyCheck::search(Progress& progress, std::string_view piece) {
  const std::size_t before = progress.searched.size();
  progress.searched.append(piece.substr(0, kMaxSearched - before));
  const auto found = pattern_->find(progress.searched, before, progress.from);
  progress.matched = found.end.has_value();
  progress.wrong = found.exceeded;
  progress.from = found.from;
}

bool BodyCheck::is_right(const Progress& progress) const noexcept {
  return !progress.wrong && (text_.empty() || progress.bytes == text_.size()) && (!pattern_ || progress.matched);
}

}  // namespace fanin
