#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace fanin::protocols {

// Splits a head, a chunk-size line or trailer fields into lines, since the packaged parser is too lenient: it accepts a
// bare LF as the end of a line, in places a CR and any byte, and takes a line that begins with a blank as a
// continuation (obs-fold). It skips control characters. Two programs that parse these differently see different
// requests (RFC 9112, 2.2 and 5.2; RFC 9110, 5.5), so they are refused. A value.
class HttpLines {
 public:
  // For a request: empty lines before the first one do not count.
  void begin_head() noexcept { *this = HttpLines(); }
  // For the line before a chunk.
  void begin_chunk_size() noexcept { *this = HttpLines(), has_lines_ = is_single_ = true; }
  // For the trailer fields after the last chunk.
  void begin_trailer() noexcept { *this = HttpLines(), has_lines_ = true; }

  // The length of the part of `input` that belongs to these lines: all of it, or up to the empty line that ends them,
  // or up to the end of a chunk-size line. Nothing if a line is invalid.
  std::optional<std::size_t> take(std::string_view input) noexcept;

  // A non-empty line has ended.
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

// Whether the text is allowed in a Host field (RFC 9110, 7.2): a name or an address, a port, then blanks. It may arrive
// in pieces; `ended`, false at first, is set at the first blank.
bool is_host_text(std::string_view text, bool& ended) noexcept;

// Transfer-Encoding, letter by letter, because it may arrive in pieces: 0 at first, kChunkedSpelt once it is exactly
// "chunked".
inline constexpr std::uint8_t kChunkedSpelt = 7;
inline constexpr std::uint8_t kOtherCoding = 255;
std::uint8_t spell_chunked(std::uint8_t spelt, std::string_view text) noexcept;

// Seconds since 1970 from the kernel's coarse clock, which costs a few nanoseconds.
std::time_t http_now() noexcept;

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7).
std::string format_http_date(std::time_t time);

// Parses the three forms that a server must accept; empty for anything else.
std::optional<std::time_t> parse_http_date(std::string_view text);

// The field "Date: ...\r\n" of `now`, formatted once a second. Valid in the calling thread until its next call.
std::string_view http_date_field(std::time_t now);

// Bytes `begin` to before `end`.
struct HttpRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  bool empty() const noexcept { return begin >= end; }
};

// The bytes that a Range field selects of a file of `size` bytes. Empty if the field is ignored: several ranges,
// another unit, or no valid range. An empty range is unsatisfiable.
std::optional<HttpRange> parse_http_range(std::string_view field, std::uint64_t size) noexcept;

}  // namespace fanin::protocols
