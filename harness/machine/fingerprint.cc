#include "harness/machine/fingerprint.h"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "os/procfs.h"

namespace fanin::harness {

Json& Fingerprint::place(std::string_view key) {
  Json* at = &facts_;
  for (std::string_view rest = key;;) {
    const auto dot = rest.find('.');
    at = &(*at)[std::string(rest.substr(0, dot))];
    if (dot == std::string_view::npos) {
      return *at;
    }
    rest.remove_prefix(dot + 1);
  }
}

void Fingerprint::put(std::string_view key, Json value) { place(key) = std::move(value); }

void Fingerprint::missing(std::string_view key, const std::string& reason) {
  place(key) = nullptr;
  unreadable_[std::string(key)] = reason;
}

void Fingerprint::put_text(std::string_view key, const std::string& path) {
  if (const auto text = read_trimmed(path)) {
    put(key, *text);
  } else {
    missing(key, fmt::format("{}: {}", path, std::strerror(errno)));
  }
}

void Fingerprint::put_number(std::string_view key, const std::string& path) {
  const auto text = read_trimmed(path);
  if (!text) {
    missing(key, fmt::format("{}: {}", path, std::strerror(errno)));
    return;
  }
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error == std::errc{} && end == text->data() + text->size()) {
    put(key, number);
  } else {
    put(key, *text);  // "max", or a number beyond 64 bits
  }
}

Json Fingerprint::take() {
  facts_["unreadable"] = std::move(unreadable_);
  return std::move(facts_);
}

}  // namespace fanin::harness
