#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct pcre2_real_code_8;
struct pcre2_real_match_context_8;
struct pcre2_real_match_data_8;

namespace fanin::protocols {

// A regular expression (PCRE2) that ends a reply at the first byte with which the reply so far matches, so that its
// fragmentation does not matter. One thread.
class ReplyPattern {
 public:
  // Throws std::invalid_argument if `expression` is invalid, matches the empty text, or waits for an end of the text
  // ($), which a stream does not have.
  explicit ReplyPattern(const std::string& expression);

  struct Search {
    std::optional<std::size_t> end;  // length of the shortest prefix of `text` that matches
    std::size_t from = 0;            // without an end: earliest start of a match in a longer text
    bool exceeded = false;           // the expression takes too many steps on this text
  };
  // `searched` bytes of `text` are known not to match, and no match begins before `from`.
  Search find(std::string_view text, std::size_t searched, std::size_t from);

 private:
  std::size_t matched_from() const noexcept;
  std::size_t matched_to() const noexcept;

  struct Free {
    void operator()(pcre2_real_code_8* code) const noexcept;
    void operator()(pcre2_real_match_context_8* context) const noexcept;
    void operator()(pcre2_real_match_data_8* data) const noexcept;
  };
  using Code = std::unique_ptr<pcre2_real_code_8, Free>;

  static Code compile(const std::string& expression, std::string& error_text);
  int match(std::string_view text, std::size_t from);
  int run(const pcre2_real_code_8& code, std::string_view text, std::size_t from, std::size_t steps,
          std::uint32_t options);

  Code code_;
  Code one_match_;                                             // the same search as one match
  bool in_one_match_ = false;                                  // one_match_ found the last match
  std::unique_ptr<pcre2_real_match_context_8, Free> context_;  // holds the limit of steps
  std::unique_ptr<pcre2_real_match_data_8, Free> match_;
  std::size_t look_behind_ = 0;  // bytes before its start that a match may depend on
};

}  // namespace fanin::protocols
