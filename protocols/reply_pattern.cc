#define PCRE2_CODE_UNIT_WIDTH 8
#include "protocols/reply_pattern.h"

#include <fmt/format.h>
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace fanin::protocols {
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

// The limit of a search: a number of steps, or of steps per byte if that is more. PCRE2 limits the steps from each
// start alone, and every byte is a start: a hostile reply of 64 KiB blocked a loop for minutes.
constexpr std::size_t kSteps = 1'000'000;
constexpr std::size_t kStepsPerByte = 16;

// The same search as one anchored match, so that PCRE2's limit covers all of it. Options must stay at the front of an
// expression.
std::string as_one_match(const std::string& expression, std::string_view end) {
  std::size_t options = 0;
  while (expression.compare(options, 2, "(*") == 0 && expression.find(')', options) != std::string::npos) {
    options = expression.find(')', options) + 1;
  }
  return fmt::format("{}(?s:.*?)(?:{}{}", expression.substr(0, options), expression.substr(options), end);
}

[[noreturn]] void refuse(const std::string& expression, const std::string& reason) {
  throw std::invalid_argument(fmt::format("regular expression '{}': {}", expression, reason));
}

}  // namespace

void ReplyPattern::Free::operator()(pcre2_real_code_8* code) const noexcept { ::pcre2_code_free(code); }
void ReplyPattern::Free::operator()(pcre2_real_match_context_8* context) const noexcept {
  ::pcre2_match_context_free(context);
}
void ReplyPattern::Free::operator()(pcre2_real_match_data_8* data) const noexcept { ::pcre2_match_data_free(data); }

ReplyPattern::Code ReplyPattern::compile(const std::string& expression, std::string& error_text) {
  int error = 0;
  PCRE2_SIZE at = 0;
  Code code(
      ::pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(), 0, &error, &at, nullptr));
  if (code) {
    ::pcre2_jit_compile(code.get(), PCRE2_JIT_PARTIAL_SOFT);  // faster, where this machine can
  } else {
    std::array<PCRE2_UCHAR, 256> text{};
    ::pcre2_get_error_message(error, text.data(), text.size());
    error_text = fmt::format("{} at character {}", reinterpret_cast<const char*>(text.data()), at + 1);
  }
  return code;
}

ReplyPattern::ReplyPattern(const std::string& expression) {
  if (ends_in_dollar(expression)) {
    refuse(expression, "a stream has no end for $ to match: name the bytes that end a reply");
  }
  std::string error;
  code_ = compile(expression, error);
  if (!code_) {
    refuse(expression, error);
  }
  one_match_ = compile(as_one_match(expression, ")"), error);
  if (!one_match_) {  // the expression ends in a comment
    one_match_ = compile(as_one_match(expression, "\n)"), error);
  }
  if (!one_match_) {
    refuse(expression, error);
  }
  match_.reset(::pcre2_match_data_create_from_pattern(code_.get(), nullptr));
  context_.reset(::pcre2_match_context_create(nullptr));
  std::uint32_t look_behind = 0;
  ::pcre2_pattern_info(code_.get(), PCRE2_INFO_MAXLOOKBEHIND, &look_behind);
  look_behind_ = look_behind;
  if (match("", 0) >= 0) {
    refuse(expression, "it matches nothing at all: name the bytes that end a reply");
  }
}

// First PCRE2's own search, with a share of the limit for each start; if that is too little, one anchored match with
// all of it.
int ReplyPattern::match(std::string_view text, std::size_t from) {
  const std::size_t places = text.size() - from + 1;
  const std::size_t steps = std::max(kSteps, kStepsPerByte * places);
  const int result = run(*code_, text, from, steps / places, 0);
  in_one_match_ = result == PCRE2_ERROR_MATCHLIMIT;
  return in_one_match_ ? run(*one_match_, text, from, steps, PCRE2_ANCHORED) : result;
}

int ReplyPattern::run(const pcre2_real_code_8& code, std::string_view text, std::size_t from, std::size_t steps,
                      std::uint32_t options) {
  // A text of length 0 needs an address, too.
  const auto* bytes = reinterpret_cast<PCRE2_SPTR>(text.empty() ? "" : text.data());
  options |= PCRE2_PARTIAL_SOFT | PCRE2_NOTEOL;
  ::pcre2_set_match_limit(context_.get(), static_cast<std::uint32_t>(std::min<std::size_t>(steps, UINT32_MAX)));
  const int result = ::pcre2_match(&code, bytes, text.size(), from, options, match_.get(), context_.get());
  if (result != PCRE2_ERROR_JIT_STACKLIMIT) {
    return result;
  }
  return ::pcre2_match(&code, bytes, text.size(), from, options | PCRE2_NO_JIT, match_.get(), context_.get());
}

std::size_t ReplyPattern::matched_from() const noexcept { return ::pcre2_get_ovector_pointer(match_.get())[0]; }
std::size_t ReplyPattern::matched_to() const noexcept { return ::pcre2_get_ovector_pointer(match_.get())[1]; }

ReplyPattern::Search ReplyPattern::find(std::string_view text, std::size_t searched, std::size_t from) {
  const int result = match(text, from);
  if (result == PCRE2_ERROR_NOMATCH || result == PCRE2_ERROR_PARTIAL) {
    const std::size_t begin = in_one_match_ ? from : result == PCRE2_ERROR_PARTIAL ? matched_from() : text.size();
    return {.from = std::max(from, begin - std::min(begin, look_behind_))};
  }
  if (result < 0) {
    return {.exceeded = true};
  }
  bool exceeded = false;
  const auto matches = [&](std::size_t length) {
    const int part = match(text.substr(0, length), from);
    exceeded |= part < 0 && part != PCRE2_ERROR_NOMATCH && part != PCRE2_ERROR_PARTIAL;
    return part >= 0;
  };
  std::size_t low = searched;  // does not match
  std::size_t high = text.size();
  if (const std::size_t to = matched_to(); to > low && to < high) {
    (matches(to) ? high : low) = to;
  }
  // Most replies end with the match, so the byte before is checked first; then a binary search.
  for (std::size_t middle = high - 1; low < middle; middle = low + (high - low) / 2) {
    (matches(middle) ? high : low) = middle;
  }
  return exceeded ? Search{.exceeded = true} : Search{.end = high};
}

}  // namespace fanin::protocols
