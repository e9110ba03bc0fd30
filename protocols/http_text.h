#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fanin {

// A piece of a request: a view of the input as long as it lies there in one piece, a copy otherwise, so that a request
// which arrives whole is never copied.
class HttpText {
 public:
  void append(const char* at, std::size_t size);
  std::string_view view() const noexcept { return copy_.empty() ? view_ : std::string_view(copy_); }
  // The input is about to go away.
  void keep();

 private:
  std::string_view view_;
  std::string copy_;
};

}  // namespace fanin
