#include "protocols/body_check.h"

#include <algorithm>
#include <utility>

namespace fanin {
namespace {

constexpr std::size_t kMaxSearched = 65536;

}  // namespace

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
