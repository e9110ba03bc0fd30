#pragma once

#include <cstdint>

#include "loadgen/plan/plan.h"

namespace fanin::load {

// Limits how many replies a driver takes before it sends the requests that they make due.
struct BatchLimits {
  std::size_t min;
  std::size_t max;
  std::uint32_t fraction;  // between min and max: one in so many of the connections
};

// The batch size of a thread with `connections` active ones. Batches keep the kernel's receive and send code in the
// caches. A batch of only a fraction of the connections leaves requests for the server to work on. A run with a rate
// uses the minimum because it keeps its schedule request by request; a loop that spins does so because it tells
// preemptions from work by reading the clock at each request.
std::size_t choose_batch_size(const LoadPlan& plan, std::uint32_t connections, BatchLimits limits) noexcept;

}  // namespace fanin::load
