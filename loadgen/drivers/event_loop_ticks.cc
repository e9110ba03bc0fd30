// The part of an event loop that checks at every tick what no event reports: timeouts, first replies, silence, retries.
#include <algorithm>
#include <cerrno>

#include "loadgen/drivers/event_loop.h"

namespace fanin::load {
namespace {

constexpr int kSweepsPerTimeout = 20;  // timeouts are found within 5 % of their length, or 10 ms
constexpr Nanoseconds kLongestSweep = std::chrono::milliseconds(250);
constexpr std::size_t kUnservedPerTick = 16384;  // checked within about a millisecond

}  // namespace

void EventLoop::tick(const Coordinator& coordinator) {
  next_tick_ = now_ + tick_;
  trickle();
  give_up_without_progress();  // before the sweep, which breaks connections that were up
  sweep_timeouts();
  retry_due();
  publish();
  sweep_unserved();
  look_for_silence(now_);
  follow_opening(coordinator, now_);
  if (coordinator.interrupted() && !interrupted_) {
    interrupted_ = true;
    workload_.close_at(now_);
  }
}

// Checks a part of the active connections per tick, so that a million do not stop the loop. A full round takes 1/20 of
// the timeout, at most 250 ms.
void EventLoop::sweep_timeouts() {
  const Nanoseconds round = std::clamp(plan_.timeout / kSweepsPerTimeout, kTick, kLongestSweep);
  const std::size_t slice = share_.connections / static_cast<std::size_t>(round / kTick) + 1;
  for (std::size_t i = 0; i < std::min<std::size_t>(slice, share_.connections); ++i) {
    sweep_at_ = sweep_at_ + 1 < share_.connections ? sweep_at_ + 1 : 0;
    const auto index = static_cast<std::uint32_t>(sweep_at_);
    const Link& link = this->link(index);
    if (link.phase == Phase::kConnecting && since_[index] + plan_.timeout <= now_) {
      connect_failed(index, ETIMEDOUT);
    } else if (link.phase == Phase::kUp && workload_.in_flight(index) > 0 &&
               workload_.oldest_sent(index) + plan_.timeout <= now_) {
      break_link(index, ErrorKind::kTimeout);
    } else if (link.phase == Phase::kClosing && since_[index] + plan_.timeout <= now_) {
      close_waits_.given_up(since_[index], now_, recorder_.window());
      break_link(index, ErrorKind::kNotClosed);
    }
  }
  sweep_pending();
}

// Finds the connections that have had their first reply, which spares the request path a check. Not needed once the
// window is open.
void EventLoop::sweep_unserved() noexcept {
  if (now_ >= recorder_.window().open || unserved_.empty()) {
    return;
  }
  for (std::size_t looks = std::min(kUnservedPerTick, unserved_.size()); looks > 0; --looks) {
    unserved_at_ = unserved_at_ < unserved_.size() ? unserved_at_ : 0;
    const std::uint32_t index = unserved_[unserved_at_];
    if (link(index).served || state(index).completed > 0) {
      unserved_[unserved_at_] = unserved_.back();
      unserved_.pop_back();
    } else {
      ++unserved_at_;
    }
  }
  unserved_count_.store(unserved_.size(), std::memory_order_relaxed);
}

void EventLoop::sweep_pending() {
  std::vector<std::uint32_t> late;
  for (const auto& [index, client] : pending_) {
    if (client.since + plan_.timeout <= now_) {
      late.push_back(index);
    }
  }
  for (const std::uint32_t index : late) {
    if (link(index).phase == Phase::kSetup) {
      setup_failed(index);
    } else if (link(index).phase == Phase::kConnecting) {
      connect_failed(index, ETIMEDOUT);
    } else {
      break_idle(index, ErrorKind::kTimeout);
    }
  }
}

void EventLoop::retry_due() {
  while (!retries_.empty() && retries_.front().due <= now_) {
    const std::uint32_t index = retries_.pop().index;
    if (plan_.connect_on_demand) {
      workload_.usable(index, now_);
    } else {
      to_open_.push(index);
    }
  }
}

// Ends a run with a number of requests if the server is gone.
void EventLoop::give_up_without_progress() {
  const std::uint64_t progress = recorder_.sent_count() + recorder_.completed_count();
  if (up_ > 0 || progress != progress_) {
    progress_ = progress;
    progress_at_ = now_;
  } else if (recorder_.window().close == TimePoint::max() && now_ - progress_at_ > plan_.timeout) {
    gave_up_ = true;
  }
}

}  // namespace fanin::load
