#pragma once

#include <cstdint>

namespace fanin {

// Whether the request line with this hash (LineHash, without the newline) is in the `share` of requests that cost CPU
// time. A property of the line alone: a server needs no counter, and a client knows which of its requests were heavy.
bool is_heavy(std::uint64_t line_hash, double share) noexcept;

}  // namespace fanin
