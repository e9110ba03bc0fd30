#include "harness/kernels/kernel_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>

#include "os/format.h"

namespace fanin::harness {
namespace {

constexpr std::string_view kDebian = "debian:";

// Locale does not matter to versions.
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_of_version(char c) { return is_digit(c) || is_letter(c) || c == '.' || c == '+' || c == '~' || c == '-'; }

bool is_number(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

bool is_series(std::string_view text) {
  const auto dot = text.find('.');
  return dot != std::string_view::npos && is_number(text.substr(0, dot)) && is_number(text.substr(dot + 1));
}

[[noreturn]] void refuse_kernel(const std::string& text, std::string_view problem) {
  throw std::invalid_argument(fmt::format(
      "--kernel {}: {}: give debian:SERIES such as debian:6.12, debian:=VERSION such as debian:=6.12.117+deb12, or the "
      "path of a bzImage",
      os::printable(text, 200), problem));
}

// '~' sorts before the end, the end before letters, letters before all else.
int rank(std::string_view text, std::size_t at) {
  const char c = at < text.size() ? text[at] : '\0';
  if (c == '~') {
    return -1;
  }
  if (c == '\0' || is_digit(c)) {
    return 0;
  }
  return is_letter(c) ? c : c + 256;
}

// Removes the number at the front, without leading zeros.
std::string_view take_number(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
  const auto end = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
  const std::string_view number = text.substr(0, end);
  text.remove_prefix(end);
  return number;
}

}  // namespace

KernelRequest parse_kernel_request(const std::string& text) {
  if (text.empty()) {
    refuse_kernel(text, "is empty");
  }
  if (!text.starts_with(kDebian)) {
    return {KernelRequest::Kind::kFile, text, text};
  }
  std::string value = text.substr(kDebian.size());
  if (!value.starts_with('=')) {
    if (!is_series(value)) {
      refuse_kernel(text, fmt::format("'{}' is no series", os::printable(value, 100)));
    }
    return {KernelRequest::Kind::kSeries, text, std::move(value)};
  }
  value.erase(0, 1);
  if (value.empty() || !is_digit(value.front()) || !std::all_of(value.begin(), value.end(), is_of_version)) {
    refuse_kernel(text, fmt::format("'{}' is no version", os::printable(value, 100)));
  }
  return {KernelRequest::Kind::kPinned, text, std::move(value)};
}

bool is_of_series(const std::string& version, const std::string& series) {
  return version.starts_with(series) && version.size() > series.size() && !is_digit(version[series.size()]);
}

int compare_versions(const std::string& a, const std::string& b) {
  std::string_view left = a;
  std::string_view right = b;
  while (!left.empty() || !right.empty()) {
    while ((!left.empty() && !is_digit(left.front())) || (!right.empty() && !is_digit(right.front()))) {
      const int difference = rank(left, 0) - rank(right, 0);
      if (difference != 0) {
        return difference;
      }
      left.remove_prefix(1);
      right.remove_prefix(1);
    }
    const std::string_view one = take_number(left);
    const std::string_view other = take_number(right);
    if (one.size() != other.size()) {
      return one.size() < other.size() ? -1 : 1;
    }
    if (const int difference = one.compare(other); difference != 0) {
      return difference;
    }
  }
  return 0;
}

}  // namespace fanin::harness
