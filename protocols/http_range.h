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

// The bytes that a Range field selects of a file of `size` bytes. Empty if the field is ignored: several ranges,
// another unit, or no valid range. An empty range is unsatisfiable.
std::optional<HttpRange> parse_http_range(std::string_view field, std::uint64_t size) noexcept;

}  // namespace fanin
