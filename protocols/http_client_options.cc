#include "protocols/http_client_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <utility>

#include "protocols/client_options.h"

namespace fanin::protocols {
namespace {

[[noreturn]] void refuse(const std::string& text) { throw std::invalid_argument(text); }

// A token (RFC 9110), as methods and field names are.
bool is_token(std::string_view text) noexcept {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool is_word(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c <= ' ' || c == 0x7f; });
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(text.begin(), text.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

std::string_view trim_blanks(std::string_view text) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

// Whether a comma-separated list has this item.
bool has_item(std::string_view list, std::string_view item) noexcept {
  while (!list.empty()) {
    const std::string_view each = list.substr(0, list.find(','));
    list.remove_prefix(std::min(each.size() + 1, list.size()));
    if (trim_blanks(each) == item) {
      return true;
    }
  }
  return false;
}

void check_method(const std::string& method) {
  if (!is_token(method)) {
    refuse(fmt::format("--method '{}' is no method: give one word such as GET or POST", method));
  }
  if (method == "CONNECT") {
    refuse("--method CONNECT makes a tunnel, which has no replies: give another method");
  }
}

void check_target(const ClientProtocolOptions& options) {
  if (!options.path.starts_with('/') || !is_word(options.path)) {
    refuse(fmt::format("--path '{}' is no path: begin with a slash and encode blanks as %20", options.path));
  }
  if (!is_word(options.host)) {
    refuse(fmt::format("--host '{}' holds a blank: give one name", options.host));
  }
}

// Returns the field's name in lower case.
std::string check_header(const std::string& header) {
  const auto colon = header.find(':');
  if (colon == std::string::npos || !is_token(std::string_view(header).substr(0, colon))) {
    refuse(fmt::format("--header '{}' is no header: write 'Name: value'", header));
  }
  if (header.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
    refuse(
        fmt::format("--header '{}...' holds the end of a line: give one --header for each", header.substr(0, colon)));
  }
  std::string name = lower_case(std::string_view(header).substr(0, colon));
  if (name == "content-length" || name == "transfer-encoding") {
    refuse(fmt::format("--header '{}' would break the request: its length follows from --body", header));
  }
  if (name == "host" && !is_word(trim_blanks(std::string_view(header).substr(colon + 1)))) {
    refuse(fmt::format("--header '{}' holds a blank: give one name", header));
  }
  return name;
}

// Methods whose requests announce the length of an empty body too.
bool announces_body(const std::string& method) {
  constexpr std::array<std::string_view, 3> kWithBody{"POST", "PUT", "PATCH"};
  return std::find(kWithBody.begin(), kWithBody.end(), method) != kWithBody.end();
}

}  // namespace

std::string make_http_request(const ClientProtocolOptions& options) {
  check_method(options.method);
  check_target(options);
  std::string fields;
  bool names_host = false;
  for (const std::string& header : options.headers) {
    const bool is_host = check_header(header) == "host";
    if (is_host && names_host) {  // RFC 9112, 3.2: a server answers 400
      refuse(fmt::format("--header '{}' is a second Host: give one", header));
    }
    names_host |= is_host;
    fields += header + "\r\n";
  }
  std::string request = fmt::format("{} {} HTTP/1.1\r\n", options.method, options.path);
  request += names_host ? "" : fmt::format("Host: {}\r\n", options.host);
  request += fields;
  if (!options.body.empty() || announces_body(options.method)) {
    request += fmt::format("Content-Length: {}\r\n", options.body.size());
  }
  return request + "\r\n" + options.body;
}

bool asks_to_close(const ClientProtocolOptions& options) {
  return std::any_of(options.headers.begin(), options.headers.end(), [](const std::string& header) {
    const std::string field = lower_case(header);
    constexpr std::string_view kName = "connection:";
    return field.starts_with(kName) && has_item(std::string_view(field).substr(kName.size()), "close");
  });
}

std::string make_last_http_request(ClientProtocolOptions options) {
  if (!asks_to_close(options)) {
    options.headers.emplace_back("Connection: close");
  }
  return make_http_request(options);
}

namespace {

constexpr std::size_t kMaxSearched = 65536;

std::optional<unsigned> parse_code(std::string_view text) {
  unsigned code = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
  const bool is_code = error == std::errc{} && end == text.data() + text.size() && text.size() == 3 && code >= 100;
  return is_code ? std::optional(code) : std::nullopt;
}

}  // namespace

StatusSet StatusSet::parse(std::string_view text) {
  StatusSet set;
  for (std::string_view rest = text;;) {
    const std::string_view part = rest.substr(0, rest.find(','));
    const auto dash = part.find('-');
    const auto low = parse_code(part.substr(0, dash));
    const auto high = dash == std::string_view::npos ? low : parse_code(part.substr(dash + 1));
    if (!low || !high || *low > *high) {
      throw std::invalid_argument(fmt::format(
          "--expect-status '{}': '{}' is no status: give codes and ranges such as 200,301,400-499", text, part));
    }
    for (unsigned code = *low; code <= *high; ++code) {
      set.codes_.set(code);
    }
    if (part.size() == rest.size()) {
      return set;
    }
    rest.remove_prefix(part.size() + 1);
  }
}

BodyCheck::BodyCheck(std::string text, const std::string& pattern)
    : text_(std::move(text)), pattern_(pattern.empty() ? nullptr : std::make_unique<ReplyPattern>(pattern)) {}

void BodyCheck::take(Progress& progress, std::string_view piece) {
  if (!text_.empty()) {
    const std::size_t from = std::min(progress.bytes, text_.size());
    progress.wrong = progress.wrong || text_.compare(from, piece.size(), piece) != 0;
  }
  if (pattern_ && !progress.matched && !progress.wrong && progress.bytes < kMaxSearched) {
    search(progress, piece);
  }
  progress.bytes += piece.size();
}

void BodyCheck::search(Progress& progress, std::string_view piece) {
  const std::size_t before = progress.searched.size();
  progress.searched.append(piece.substr(0, kMaxSearched - before));
  const auto found = pattern_->find(progress.searched, before, progress.from);
  progress.matched = found.end.has_value();
  progress.wrong = found.exceeded;
  progress.from = found.from;
}

bool BodyCheck::is_right(const Progress& progress) const noexcept {
  return !progress.wrong && (text_.empty() || progress.bytes == text_.size()) && (!pattern_ || progress.matched);
}

}  // namespace fanin::protocols
