#include "loadgen/drivers/batch_limits.h"

#include <algorithm>

namespace fanin::load {

std::size_t choose_batch_size(const LoadPlan& plan, std::uint32_t connections, BatchLimits limits) noexcept {
  if (plan.rate_per_s || plan.idle_strategy.kind == IdleStrategy::kSpin) {
    return limits.min;
  }
  return std::clamp<std::size_t>(connections / limits.fraction, limits.min, limits.max);
}

}  // namespace fanin::load
