#include "protocols/http_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <charconv>
#include <cstring>

namespace fanin::protocols {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101;  // times a byte: eight of them
constexpr std::uint64_t kTopBits = kOnes * 0x80;

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }

// False if none of the eight bytes is a control character (below 0x20, or 0x7f). True for some others too.
bool may_have_control(std::uint64_t bytes) noexcept {
  return (((bytes - kOnes * ' ') | (bytes + kOnes)) & kTopBits) != 0;
}

// The top bit of each byte that is a control character. No sum leaves its byte.
std::uint64_t controls(std::uint64_t bytes) noexcept {
  const std::uint64_t low_bits = bytes & ~kTopBits;
  const std::uint64_t from_blank = low_bits + kOnes * (0x80 - ' ');
  const std::uint64_t is_delete = low_bits + kOnes;
  return (~from_blank | is_delete) & ~bytes & kTopBits;
}

// The first control character, or `end`.
const char* find_control(const char* at, const char* end) noexcept {
  constexpr bool kLowFirst = std::endian::native == std::endian::little;
  for (std::uint64_t bytes = 0; end - at >= static_cast<std::ptrdiff_t>(sizeof bytes); at += sizeof bytes) {
    std::memcpy(&bytes, at, sizeof bytes);
    if (const std::uint64_t found = may_have_control(bytes) ? controls(bytes) : 0; found != 0) {
      return at + (kLowFirst ? std::countr_zero(found) : std::countl_zero(found)) / 8;
    }
  }
  return std::find_if(at, end, is_control);
}

constexpr std::string_view kChunked = "chunked";
static_assert(kChunked.size() == kChunkedSpelt);

// By character: whether it may stand in a Host field.
constexpr std::array<bool, 256> kHostText = [] {
  std::array<bool, 256> allowed{};
  for (const std::string_view some :
       {"abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", "-._~%!$&'()*+,;=:[]"}) {
    for (const char c : some) {
      allowed[static_cast<unsigned char>(c)] = true;
    }
  }
  return allowed;
}();

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

}  // namespace

std::optional<std::size_t> HttpLines::take(std::string_view input) noexcept {
  const char* at = input.data();
  const char* const end = at + input.size();
  while (at < end && !ended_) {
    if (!after_cr_) {
      if (line_is_empty_ && (*at == ' ' || *at == '\t')) {
        return std::nullopt;
      }
      const char* const text = at;
      at = find_control(text, end);
      line_is_empty_ &= at == text;
      first_line_size_ += has_lines_ ? 0 : static_cast<std::uint32_t>(at - text);
      if (at == end) {
        break;
      }
      after_cr_ = *at == '\r';
      if (!after_cr_ && (*at != '\t' || !has_lines_)) {
        return std::nullopt;
      }
      ++at;
    }
    if (after_cr_ && at < end) {
      if (*at != '\n') {
        return std::nullopt;
      }
      ++at;
      end_line();
    }
  }
  return static_cast<std::size_t>(at - input.data());
}

void HttpLines::end_line() noexcept {
  ended_ = is_single_ || (line_is_empty_ && has_lines_);
  has_lines_ |= !line_is_empty_;
  line_is_empty_ = true;
  after_cr_ = false;
}

void HttpText::append(const char* at, std::size_t size) {
  if (copy_.empty()) {
    if (view_.empty()) {
      view_ = {at, size};
      return;
    }
    if (view_.data() + view_.size() == at) {
      view_ = {view_.data(), view_.size() + size};
      return;
    }
    copy_ = view_;
  }
  copy_.append(at, size);
}

void HttpText::copy_out() {
  if (copy_.empty()) {
    copy_ = view_;
  }
  view_ = {};
}

bool is_host_text(std::string_view text, bool& ended) noexcept {
  std::size_t i = 0;
  while (!ended && i < text.size() && kHostText[static_cast<unsigned char>(text[i])]) {
    ++i;
  }
  ended |= i < text.size();
  return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(i), text.end(), is_blank);
}

std::uint8_t spell_chunked(std::uint8_t spelt, std::string_view text) noexcept {
  for (const char c : text) {
    if (spelt < kChunked.size() && std::tolower(static_cast<unsigned char>(c)) == kChunked[spelt]) {
      ++spelt;
    } else if (spelt != kChunked.size() || !is_blank(c)) {
      return kOtherCoding;
    }
  }
  return spelt;
}

namespace {

// strftime and strptime follow the locale; the names of HTTP do not.
constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Removes a number from the front of `text`; false without one. A number too large for its type becomes UINT64_MAX.
bool take_number(std::string_view& text, std::uint64_t& number) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::invalid_argument) {
    return false;
  }
  if (error == std::errc::result_out_of_range) {
    number = UINT64_MAX;
  }
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

std::time_t http_now() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &time);
  return time.tv_sec;
}

std::string format_http_date(std::time_t time) {
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays.at(static_cast<std::size_t>(parts.tm_wday)),
                     parts.tm_mday, kMonths.at(static_cast<std::size_t>(parts.tm_mon)), parts.tm_year + 1900,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::optional<std::time_t> parse_http_date(std::string_view text) {
  if (text.size() > 40) {
    return std::nullopt;
  }
  const std::string copy(text);  // strptime needs a terminator
  for (const char* form : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"}) {
    std::tm parts{};
    const char* end = ::strptime(copy.c_str(), form, &parts);
    if (end == copy.c_str() + copy.size()) {
      return ::timegm(&parts);
    }
  }
  return std::nullopt;
}

std::string_view http_date_field(std::time_t now) {
  thread_local std::time_t made_for = -1;
  thread_local std::string field;
  if (now != made_for) {
    field = fmt::format("Date: {}\r\n", format_http_date(now));
    made_for = now;
  }
  return field;
}

std::optional<HttpRange> parse_http_range(std::string_view field, std::uint64_t size) noexcept {
  constexpr std::string_view kUnit = "bytes=";
  if (!field.starts_with(kUnit)) {
    return std::nullopt;
  }
  field.remove_prefix(kUnit.size());
  std::uint64_t first = 0;
  std::uint64_t last = UINT64_MAX;
  const bool has_first = take_number(field, first);
  if (!field.starts_with('-')) {
    return std::nullopt;
  }
  field.remove_prefix(1);
  const bool has_last = take_number(field, last);
  if (!field.empty() || !(has_first || has_last)) {
    return std::nullopt;
  }
  if (!has_first) {  // the last so many bytes
    return HttpRange{size - std::min(last, size), size};
  }
  if (last < first) {
    return std::nullopt;
  }
  return HttpRange{first, last >= size ? size : last + 1};
}

}  // namespace fanin::protocols
