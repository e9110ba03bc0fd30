#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct pcre2_real_code_8;
struct pcre2_real_match_data_8;

namespace fanin {

// A regular expression (PCRE2) that says where a reply ends: after the first byte with which what has come matches it.
// So it does not matter in what pieces the reply came. Used by one thread.
class ReplyPattern {
 public:
  // Throws std::invalid_argument where `expression` is wrong, would end a reply before its first byte, or waits for an
  // end of the text ($), which a stream does not have.
  explicit ReplyPattern(const std::string& expression);

  struct Search {
    std::optional<std::size_t> end;  // length of the shortest part of `text`, from its front, that matches
    std::size_t from = 0;            // without an end: where a match of a longer text may begin
    bool failed = false;             // the expression takes too long on this text
  };
  // `searched` bytes of `text` are known not to match, and no match begins before `from`.
  Search find(std::string_view text, std::size_t searched, std::size_t from);

 private:
  int match(std::string_view text, std::size_t from);
  std::size_t matched_from() const noexcept;
  std::size_t matched_to() const noexcept;

  struct Free {
    void operator()(pcre2_real_code_8* code) const noexcept;
    void operator()(pcre2_real_match_data_8* data) const noexcept;
  };
  std::unique_ptr<pcre2_real_code_8, Free> code_;
  std::unique_ptr<pcre2_real_match_data_8, Free> match_;
  std::size_t look_behind_ = 0;  // bytes before its beginning that a match may depend on
};

}  // namespace fanin
