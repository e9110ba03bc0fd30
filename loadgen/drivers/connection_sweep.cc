#include "loadgen/drivers/connection_sweep.h"

#include <algorithm>

namespace fanin::load {
namespace {

constexpr int kSweepsPerTimeout = 20;  // timeouts are found within 5 % of their length, or 10 ms
constexpr Nanoseconds kLongestSweep = std::chrono::milliseconds(250);
constexpr std::size_t kUnservedPerTick = 16384;  // checked within about a millisecond

}  // namespace

ConnectionSweep::ConnectionSweep(const LoopContext& context, const LinkTable& links, const LoopClock& clock,
                                 Connections& connections)
    : plan_(context.plan),
      workload_(context.workload),
      recorder_(context.recorder),
      links_(links),
      clock_(clock),
      connections_(connections) {}

void ConnectionSweep::sweep_timeouts() {
  const Nanoseconds round = std::clamp(plan_.timeout / kSweepsPerTimeout, kTick, kLongestSweep);
  const auto part = links_.active() / static_cast<std::uint32_t>(round / kTick) + 1;
  for (std::uint32_t i = 0; i < std::min(part, links_.active()); ++i) {
    next_ = next_ + 1 < links_.active() ? next_ + 1 : 0;
    if (links_[next_].phase != Link::Phase::kUp) {
      connections_.time_out(next_);
    } else if (workload_.in_flight(next_) > 0 && workload_.oldest_sent(next_) + plan_.timeout <= clock_.now()) {
      connections_.break_active(next_, ErrorKind::kTimeout);
    }
  }
  connections_.time_out_setups();
}

void ConnectionSweep::start_unserved() {
  for (std::uint32_t i = 0; i < links_.active(); ++i) {
    if (links_[i].phase == Link::Phase::kUp) {
      unserved_.push_back(i);
    }
  }
  unserved_count_.store(unserved_.size(), std::memory_order_relaxed);
}

void ConnectionSweep::sweep_unserved() noexcept {
  if (clock_.now() >= recorder_.window().open || unserved_.empty()) {
    return;
  }
  for (std::size_t looks = std::min(kUnservedPerTick, unserved_.size()); looks > 0; --looks) {
    unserved_next_ = unserved_next_ < unserved_.size() ? unserved_next_ : 0;
    const std::uint32_t index = unserved_[unserved_next_];
    if (links_[index].served || workload_.record(index).state.completed > 0) {
      unserved_[unserved_next_] = unserved_.back();
      unserved_.pop_back();
    } else {
      ++unserved_next_;
    }
  }
  unserved_count_.store(unserved_.size(), std::memory_order_relaxed);
}

bool ConnectionSweep::gives_up() noexcept {
  const std::uint64_t progress = recorder_.sent_count() + recorder_.completed_count();
  if (connections_.active_up() > 0 || progress != progress_ || progress_at_ == TimePoint::max()) {
    progress_ = progress;
    progress_at_ = clock_.now();
  }
  return recorder_.window().close == TimePoint::max() && clock_.now() - progress_at_ > plan_.timeout;
}

}  // namespace fanin::load
