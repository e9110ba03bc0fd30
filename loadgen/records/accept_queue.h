#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fanin {

// How often an accept queue was full when a connection came, over all listeners of this network namespace: the kernel
// then drops it and the client tries again a second later. From /proc/net/netstat; nothing where that cannot be read.
std::optional<std::uint64_t> listen_overflows();

// The same from the text of that file: lines in pairs, names above values.
std::optional<std::uint64_t> parse_listen_overflows(std::string_view netstat);

}  // namespace fanin
