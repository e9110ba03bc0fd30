#include "protocols/http_target.h"

#include <http_parser.h>

#include <optional>
#include <vector>

namespace fanin {
namespace {

constexpr int kBadRequest = 400;
constexpr int kNotFound = 404;

// The path of an absolute URL, nothing for what is none. http_parser_parse_url counts in 16 bits.
std::optional<std::string_view> find_path(std::string_view url) {
  http_parser_url parts{};
  if (url.size() > UINT16_MAX || http_parser_parse_url(url.data(), url.size(), 0, &parts) != 0 ||
      (parts.field_set & (1U << UF_HOST)) == 0) {
    return std::nullopt;
  }
  if ((parts.field_set & (1U << UF_PATH)) == 0) {
    return "/";
  }
  return url.substr(parts.field_data[UF_PATH].off, parts.field_data[UF_PATH].len);
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Nothing for a broken escape, and for NUL, which would end a path early in a system call.
std::optional<std::string> decode_percent(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return std::nullopt;
      }
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') {
      return std::nullopt;
    }
    decoded.push_back(c);
  }
  return decoded;
}

HttpTarget walk(std::string_view path) {
  std::vector<std::string_view> segments;
  bool directory = true;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    directory = segment.empty() || segment == "." || segment == ".." || slash != std::string_view::npos;
    if (segment == "..") {
      if (segments.empty()) {
        return {"", kNotFound};
      }
      segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
  }
  if (directory) {
    segments.push_back("index.html");
  }
  HttpTarget target;
  for (const std::string_view segment : segments) {
    target.path.append(target.path.empty() ? "" : "/").append(segment);
  }
  return target;
}

}  // namespace

HttpTarget parse_http_target(std::string_view target) {
  if (!target.starts_with('/')) {
    const auto path = find_path(target);
    if (!path) {
      return {"", kBadRequest};
    }
    target = *path;
  }
  const auto decoded = decode_percent(target.substr(0, target.find_first_of("?#")));
  return decoded ? walk(*decoded) : HttpTarget{"", kBadRequest};
}

}  // namespace fanin
