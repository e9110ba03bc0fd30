#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fanin {

// Bytes `begin` to before `end`.
struct HttpRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  bool empty() const noexcept { return begin >= end; }
};

// What a Range field asks of a file of `size` bytes. Nothing where it is to be ignored: several ranges, another unit,
// or no range at all. An empty range cannot be satisfied.
std::optional<HttpRange> parse_http_range(std::string_view field, std::uint64_t size) noexcept;

}  // namespace fanin
