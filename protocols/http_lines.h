#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fanin {

// Splits a head, a chunk-size line or trailer fields into lines, since the packaged parser is too lenient: it accepts a
// bare LF as the end of a line, in places a CR and any byte, and takes a line that begins with a blank as a
// continuation (obs-fold). It skips control characters. Two programs that parse these differently see different
// requests (RFC 9112, 2.2 and 5.2; RFC 9110, 5.5), so they are refused. A value.
class HttpLines {
 public:
  // For a request: empty lines before the first one do not count.
  void begin_head() noexcept { *this = HttpLines(); }
  // For the line in front of a chunk.
  void begin_chunk_size() noexcept { *this = HttpLines(), has_lines_ = is_single_ = true; }
  // For what follows the last chunk.
  void begin_trailer() noexcept { *this = HttpLines(), has_lines_ = true; }

  // How much of `input` belongs to these lines: all of it, or up to the empty line that ends them, or up to the end of
  // the one line that is a chunk's size. Nothing where a line is not as it must be.
  std::optional<std::size_t> take(std::string_view input) noexcept;

  // A line has ended that was not empty.
  bool has_lines() const noexcept { return has_lines_; }
  // The last line has ended.
  bool ended() const noexcept { return ended_; }
  // Of the request line, without its CR and LF.
  std::size_t first_line_size() const noexcept { return first_line_size_; }

 private:
  void end_line() noexcept;

  std::uint32_t first_line_size_ = 0;
  bool line_is_empty_ = true;  // so far
  bool after_cr_ = false;
  bool has_lines_ = false;
  bool is_single_ = false;
  bool ended_ = false;
};

}  // namespace fanin
