#include "loadgen/plan/idle_strategy.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "net/affinity.h"

namespace fanin::load {
namespace {

// CPUs of the generator that it can keep for itself.
std::size_t cpus_of_its_own(const IdleStrategyInputs& circumstances) {
  const std::vector<int>& own = circumstances.own_cpus;
  if (circumstances.server_cpus.empty()) {
    // A server somewhere on this machine needs one, unless the CPUs were divided, which is taken for a deliberate act.
    return circumstances.pinned || own.empty() ? own.size() : own.size() - 1;
  }
  std::vector<int> free;
  std::set_difference(own.begin(), own.end(), circumstances.server_cpus.begin(), circumstances.server_cpus.end(),
                      std::back_inserter(free));
  const bool shares_all = free.empty();
  return shares_all && !own.empty() && circumstances.server_cpus.size() > 1 ? own.size() - 1 : free.size();
}

}  // namespace

IdleStrategyChoice choose_idle_strategy(const IdleStrategyInputs& circumstances) {
  if (circumstances.wish != "auto" && circumstances.wish != "sleep" && circumstances.wish != "spin") {
    throw std::invalid_argument(
        fmt::format("--idle-strategy {} is unknown: choose auto, sleep or spin", circumstances.wish));
  }
  if (circumstances.wish == "spin" && !circumstances.event_loops) {
    throw std::invalid_argument("--idle-strategy spin needs event loops: a thread per connection cannot spin");
  }
  if (circumstances.wish != "auto") {
    return {circumstances.wish == "spin" ? IdleStrategy::kSpin : IdleStrategy::kSleep, "as --idle-strategy says"};
  }
  if (!circumstances.open_loop) {
    return {IdleStrategy::kSleep, "a closed loop has no schedule to keep"};
  }
  if (!circumstances.event_loops) {
    return {IdleStrategy::kSleep, "there is a thread for each connection"};
  }
  const std::size_t free = cpus_of_its_own(circumstances);
  const std::string cpus = format_cpu_list(circumstances.own_cpus);
  if (free < circumstances.threads) {
    return {IdleStrategy::kSleep,
            fmt::format("{} event loop{} would need {} without the server (may run on CPU {})", circumstances.threads,
                        circumstances.threads == 1 ? "" : "s", circumstances.threads == 1 ? "a CPU" : "CPUs", cpus)};
  }
  return {IdleStrategy::kSpin, fmt::format("every event loop has a CPU to itself (of {})", cpus)};
}

std::string_view idle_strategy_name(IdleStrategy kind) noexcept {
  return kind == IdleStrategy::kSpin ? "spin" : "sleep";
}

}  // namespace fanin::load
