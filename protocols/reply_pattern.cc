#define PCRE2_CODE_UNIT_WIDTH 8
#include "protocols/reply_pattern.h"

#include <fmt/format.h>
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace fanin {
namespace {

bool ends_in_dollar(std::string_view expression) {
  const auto last = expression.find_last_not_of('$');
  if (expression.empty() || last == expression.size() - 1) {
    return false;
  }
  const std::string_view before = expression.substr(0, last + 1);
  const auto slashes = before.size() - (before.find_last_not_of('\\') + 1);
  return slashes % 2 == 0 || expression.size() - before.size() > 1;
}

[[noreturn]] void refuse(const std::string& expression, const std::string& reason) {
  throw std::invalid_argument(fmt::format("regular expression '{}': {}", expression, reason));
}

}  // namespace

void ReplyPattern::Free::operator()(pcre2_real_code_8* code) const noexcept { ::pcre2_code_free(code); }
void ReplyPattern::Free::operator()(pcre2_real_match_data_8* data) const noexcept { ::pcre2_match_data_free(data); }

ReplyPattern::ReplyPattern(const std::string& expression) {
  if (ends_in_dollar(expression)) {
    refuse(expression, "a stream has no end for $ to match: name the bytes that end a reply");
  }
  int error = 0;
  PCRE2_SIZE at = 0;
  code_.reset(
      ::pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(), 0, &error, &at, nullptr));
  if (!code_) {
    std::array<PCRE2_UCHAR, 256> text{};
    ::pcre2_get_error_message(error, text.data(), text.size());
    refuse(expression, fmt::format("{} at character {}", reinterpret_cast<const char*>(text.data()), at + 1));
  }
  ::pcre2_jit_compile(code_.get(), PCRE2_JIT_PARTIAL_SOFT);  // faster, where this machine can
  match_.reset(::pcre2_match_data_create_from_pattern(code_.get(), nullptr));
  std::uint32_t look_behind = 0;
  ::pcre2_pattern_info(code_.get(), PCRE2_INFO_MAXLOOKBEHIND, &look_behind);
  look_behind_ = look_behind;
  if (match("", 0) >= 0) {
    refuse(expression, "it matches nothing at all: name the bytes that end a reply");
  }
}

int ReplyPattern::match(std::string_view text, std::size_t from) {
  // A text of length 0 needs an address, too.
  const auto* bytes = reinterpret_cast<PCRE2_SPTR>(text.empty() ? "" : text.data());
  constexpr std::uint32_t kOptions = PCRE2_PARTIAL_SOFT | PCRE2_NOTEOL;
  const int result = ::pcre2_match(code_.get(), bytes, text.size(), from, kOptions, match_.get(), nullptr);
  if (result != PCRE2_ERROR_JIT_STACKLIMIT) {
    return result;
  }
  return ::pcre2_match(code_.get(), bytes, text.size(), from, kOptions | PCRE2_NO_JIT, match_.get(), nullptr);
}

std::size_t ReplyPattern::matched_from() const noexcept { return ::pcre2_get_ovector_pointer(match_.get())[0]; }
std::size_t ReplyPattern::matched_to() const noexcept { return ::pcre2_get_ovector_pointer(match_.get())[1]; }

ReplyPattern::Search ReplyPattern::find(std::string_view text, std::size_t searched, std::size_t from) {
  const int result = match(text, from);
  if (result == PCRE2_ERROR_NOMATCH || result == PCRE2_ERROR_PARTIAL) {
    const std::size_t begin = result == PCRE2_ERROR_PARTIAL ? matched_from() : text.size();
    return {.from = std::max(from, begin - std::min(begin, look_behind_))};
  }
  if (result < 0) {
    return {.failed = true};
  }
  const auto matches = [&](std::size_t length) { return match(text.substr(0, length), from) >= 0; };
  std::size_t low = searched;  // does not match
  std::size_t high = text.size();
  if (const std::size_t to = matched_to(); to > low && to < high) {
    (matches(to) ? high : low) = to;
  }
  // Most replies end where the match ends, so the byte before is the first to look at; then halves.
  for (std::size_t middle = high - 1; low < middle; middle = low + (high - low) / 2) {
    (matches(middle) ? high : low) = middle;
  }
  return {.end = high};
}

}  // namespace fanin
