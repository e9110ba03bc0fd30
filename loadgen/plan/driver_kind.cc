#include "loadgen/plan/driver_kind.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "net/affinity.h"
#include "net/uring.h"

namespace fanin::load {
namespace {

// CPUs of the generator that it can keep for itself.
std::size_t count_own_cpus(const IdleStrategyInputs& inputs) {
  const std::vector<int>& own = inputs.own_cpus;
  if (inputs.server_cpus.empty()) {
    // A server somewhere on this machine needs one, unless the CPUs were divided, which is taken for a deliberate act.
    return inputs.pinned || own.empty() ? own.size() : own.size() - 1;
  }
  std::vector<int> free;
  std::set_difference(own.begin(), own.end(), inputs.server_cpus.begin(), inputs.server_cpus.end(),
                      std::back_inserter(free));
  const bool shares_all = free.empty();
  return shares_all && !own.empty() && inputs.server_cpus.size() > 1 ? own.size() - 1 : free.size();
}

}  // namespace

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
std::optional<std::string> why_no_uring_driver() { return net::why_no_io_uring({{IORING_OP_SEND_ZC, "6.0"}}); }

IdleStrategyChoice choose_idle_strategy(const IdleStrategyInputs& inputs) {
  if (inputs.requested != "auto" && inputs.requested != "sleep" && inputs.requested != "spin") {
    throw std::invalid_argument(
        fmt::format("--idle-strategy {} is unknown: choose auto, sleep or spin", inputs.requested));
  }
  if (inputs.requested == "spin" && !inputs.event_loops) {
    throw std::invalid_argument("--idle-strategy spin needs event loops: a thread per connection cannot spin");
  }
  if (inputs.requested != "auto") {
    return {inputs.requested == "spin" ? IdleStrategy::kSpin : IdleStrategy::kSleep, "as --idle-strategy says"};
  }
  if (!inputs.open_loop) {
    return {IdleStrategy::kSleep, "a closed loop has no schedule to keep"};
  }
  if (!inputs.event_loops) {
    return {IdleStrategy::kSleep, "there is a thread for each connection"};
  }
  const std::size_t free = count_own_cpus(inputs);
  const std::string cpus = net::format_cpu_list(inputs.own_cpus);
  if (free < inputs.threads) {
    return {IdleStrategy::kSleep,
            fmt::format("{} event loop{} would need {} without the server (may run on CPU {})", inputs.threads,
                        inputs.threads == 1 ? "" : "s", inputs.threads == 1 ? "a CPU" : "CPUs", cpus)};
  }
  return {IdleStrategy::kSpin, fmt::format("there are CPUs enough for every event loop (CPU {})", cpus)};
}

std::string_view idle_strategy_name(IdleStrategy kind) noexcept {
  return kind == IdleStrategy::kSpin ? "spin" : "sleep";
}

}  // namespace fanin::load
