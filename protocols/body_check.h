#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "protocols/reply_pattern.h"

namespace fanin {

// What the body of every reply must be: a text, or something with a match of a regular expression in its first 64 KiB.
// The body may come in any pieces; of a text none is kept, for an expression no more than those 64 KiB. Used by one
// thread.
class BodyCheck {
 public:
  // What is known of the body of one reply so far.
  struct Progress {
    std::size_t bytes = 0;
    std::size_t from = 0;  // where a match of a longer body may begin
    bool matched = false;
    bool wrong = false;
    std::string searched;  // for an expression
  };

  // Each may be empty; no check where both are. Throws std::invalid_argument as ReplyPattern does.
  BodyCheck(std::string text, const std::string& pattern);

  bool active() const noexcept { return pattern_ || !text_.empty(); }
  const std::string& text() const noexcept { return text_; }  // empty where an expression says what it must be
  void take(Progress& progress, std::string_view piece);
  // The body is whole.
  bool is_right(const Progress& progress) const noexcept;

 private:
  void search(Progress& progress, std::string_view piece);

  std::string text_;
  std::unique_ptr<ReplyPattern> pattern_;
};

}  // namespace fanin
