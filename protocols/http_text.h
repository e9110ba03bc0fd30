#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fanin {

// A piece of a request: a view of the input while it is contiguous, else a copy, so that a request that arrives whole
// is not copied.
class HttpText {
 public:
  void append(const char* at, std::size_t size);
  std::string_view view() const noexcept { return copy_.empty() ? view_ : std::string_view(copy_); }
  // Copies the view: the input is about to be freed.
  void copy_out();

 private:
  std::string_view view_;
  std::string copy_;
};

}  // namespace fanin
