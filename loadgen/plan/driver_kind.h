#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fanin::load {

// How a generator moves bytes: event loops over many connections each (epoll, io_uring), or a blocking thread for each.
enum class DriverKind { kEpoll, kUring, kThreads };

std::string_view driver_name(DriverKind kind) noexcept;
constexpr bool has_event_loops(DriverKind kind) noexcept { return kind != DriverKind::kThreads; }

struct DriverChoice {
  DriverKind kind = DriverKind::kEpoll;
  std::string reason;
};

// `requested` is a name, or auto for the cheapest that works here. `why_no_uring`: why io_uring cannot be used, if so.
// Throws std::invalid_argument for an unknown name or one that cannot be granted.
DriverChoice choose_driver(std::string_view requested, const std::optional<std::string>& why_no_uring);

// Why the io_uring driver cannot be used here, or nothing.
std::optional<std::string> why_no_uring_driver();

}  // namespace fanin::load
