#pragma once

#include <cstdint>

#include "loadgen/plan/plan.h"

namespace fanin::load {

// How many replies a driver takes before the requests that they make due are sent.
struct LotSizes {
  std::size_t least;
  std::size_t most;
  std::uint32_t part;  // between the two, one in so many of the connections
};

// What the sizes come to in a thread of so many active connections. Receiving in a row and then sending in a row is
// cheaper than both in turn, since the kernel's code stays in the caches. A part of the connections alone leaves the
// server the others to go on with. The least where a schedule is kept request by request, and where a loop that spins
// tells stalls from work by reading the clock at each.
std::size_t lot_of(const LoadPlan& plan, std::uint32_t connections, LotSizes lots) noexcept;

}  // namespace fanin::load
