#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fanin {

// Finds the lines of a head or of trailer fields, for which the packaged parser is too lenient: it takes a bare LF for
// the end of a line, in places a CR and any byte, and a line that begins with a blank for the rest of the one before
// (obs-fold). Two programs that read these differently see different requests (RFC 9112, 2.2 and 5.2), so they are
// refused. A value.
class HttpLines {
 public:
  // For a request: empty lines before the first one do not count.
  void begin_head() noexcept { *this = HttpLines(); }
  // For what follows the last chunk.
  void begin_trailer() noexcept { *this = HttpLines(), has_lines_ = true; }

  // How much of `input` belongs to these lines: all of it, or up to the empty line that ends them. Nothing where a line
  // is not as it must be.
  std::optional<std::size_t> take(std::string_view input) noexcept;

  // A line has ended that was not empty.
  bool has_lines() const noexcept { return has_lines_; }
  // The empty line has come.
  bool ended() const noexcept { return ended_; }

 private:
  bool line_is_empty_ = true;  // so far
  bool after_cr_ = false;
  bool has_lines_ = false;
  bool ended_ = false;
};

}  // namespace fanin
