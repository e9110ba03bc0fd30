#include "loadgen/plan/driver_kind.h"

#include <fmt/format.h>

#include <stdexcept>

#include "net/uring.h"

namespace fanin::load {

std::string_view driver_name(DriverKind kind) noexcept {
  switch (kind) {
    case DriverKind::kUring:
      return "io-uring";
    case DriverKind::kThreads:
      return "threads";
    case DriverKind::kEpoll:
      break;
  }
  return "epoll";
}

DriverChoice choose_driver(std::string_view requested, const std::optional<std::string>& why_no_uring) {
  for (const DriverKind kind : {DriverKind::kEpoll, DriverKind::kThreads}) {
    if (requested == driver_name(kind)) {
      return {kind, "as --driver says"};
    }
  }
  if (requested == "auto") {
    return why_no_uring ? DriverChoice{DriverKind::kEpoll, *why_no_uring}
                        : DriverChoice{DriverKind::kUring, "the cheapest that this kernel has"};
  }
  if (requested != driver_name(DriverKind::kUring)) {
    throw std::invalid_argument(
        fmt::format("unknown driver '{}': choose one of auto, epoll, io-uring, threads", requested));
  }
  if (why_no_uring) {
    throw std::invalid_argument(fmt::format("--driver io-uring: {}; choose epoll, or auto", *why_no_uring));
  }
  return {DriverKind::kUring, "as --driver says"};
}

// There is no asking for multishot receive itself; the send without copying came with the same kernel.
std::optional<std::string> why_no_uring_driver() { return why_no_io_uring({{IORING_OP_SEND_ZC, "6.0"}}); }

}  // namespace fanin::load
