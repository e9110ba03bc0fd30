#include "loadgen/drivers/lot.h"

#include <algorithm>

namespace fanin::load {

std::size_t lot_of(const LoadPlan& plan, std::uint32_t connections, LotSizes lots) noexcept {
  if (plan.rate_per_s || plan.idle_strategy.kind == IdleStrategy::kSpin) {
    return lots.least;
  }
  return std::clamp<std::size_t>(connections / lots.part, lots.least, lots.most);
}

}  // namespace fanin::load
