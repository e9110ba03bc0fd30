#include "loadgen/drivers/event_loop.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace fanin::load {
namespace {

constexpr std::size_t kSendBatch = 64;  // requests sent before replies are looked for, so that no backlog delays them

// Slices begin with a tick, which wakes a loop that has waited for its turn.
Nanoseconds tick_of(const LoadPlan& plan) {
  return plan.slices ? plan.slices->length / ((plan.slices->length + kTick - Nanoseconds(1)) / kTick) : kTick;
}

}  // namespace

EventLoop::EventLoop(const LoadPlan& plan, const Share& share, const SourceAddresses& sources, Transmit transmit,
                     LotSizes lots)
    : LoadThread(plan, share),
      sources_(sources),
      queues_sends_(transmit == Transmit::kQueued),
      protocol_(*client_),
      setup_(client_->setup()),
      timed_(share.connections > 0 &&
             (plan.rate_per_s || plan.think > Nanoseconds(0) || plan.send_bytes_per_s || plan.read_bytes_per_s)),
      spins_(share.connections > 0 && plan.idle_strategy.kind == IdleStrategy::kSpin),
      goes_on_(!plan.rate_per_s && !spins_),
      lot_(lot_of(plan, share.connections, lots)),
      half_closes_(client_->half_closes()),
      tick_(tick_of(plan)),
      spin_(queues_sends_ ? BusyPollMeter::kSubmitted : BusyPollMeter::kPipelined),
      idle_links_(share.idle),
      since_(share.connections),
      sends_(share.connections, plan.send_bytes_per_s),
      reads_(share.connections, plan.read_bytes_per_s),
      trickle_(share.idle, plan.trickle),
      paced_(sends_.active() || reads_.active()),
      one_by_one_(plan.depth == 1 && !sends_.active()),
      unsent_(plan.send_bytes_per_s ? share.connections : 0),
      to_open_(share.connections),
      retries_(share.connections) {}

// The ticks come from a timer that is watched like a connection: a wait without a limit is cheaper than one with.
void EventLoop::start_timer(TimePoint first) {
  const itimerspec spec{to_timespec(tick_), to_timespec(first.time_since_epoch())};
  check(::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr), "timerfd_settime");
}

void EventLoop::timer_expired() {
  std::uint64_t expirations = 0;
  [[maybe_unused]] const ssize_t length = ::read(timer_.get(), &expirations, sizeof expirations);  // restarts it
  read_clock();
}

void EventLoop::drive(const Window& window, const Coordinator& coordinator) {
  ::prctl(PR_SET_TIMERSLACK, 1);  // waits end when they are due, not up to 50 us later
  driving_ = true;
  at_ = now();
  look();
  start(window);
  trickle_.start(window.start);
  start_timer(window.start);
  next_tick_ = window.start;
  progress_at_ = at_ = now();
  for (;;) {
    meter_.pass(at_, recorder_.window().open, recorder_.window().close);
    if (slices_) {
      slices_->pass(at_);
    }
    workload_.wake(at_);
    pump_opens();
    dispatch();
    if (paced_) {
      keep_pace();
    }
    if (at_ >= next_tick_) {
      spin_.skip_interval();
      tick(coordinator);
    }
    if (workload_.finished(at_) || drained() || gave_up_) {
      break;
    }
    const TimePoint look = next_look();
    int news = 0;
    do {
      news = turn(workload_.may_send(at_) ? at_ : timed_ ? next_due() : TimePoint::max());
    } while (news > 0 && only_replies_until(look));
    if (news == 0) {
      rest();
    }
  }
  look();
  for (std::uint32_t i = 0; i < share_.connections && plan_.close == CloseKind::kServer; ++i) {
    if (link(i).phase == Phase::kClosing) {
      end_close_wait(since_[i], at_);
    }
  }
  finish(at_);
}

// Takes what has come, without waiting: before the first request and after the last reply nobody has asked for it.
// Bounded, since a server may send without end.
void EventLoop::look() {
  const std::size_t most = std::size_t{share_.connections} + share_.idle;
  int news = 1;
  for (std::size_t taken = 0; news > 0 && taken < most; taken += static_cast<std::size_t>(news)) {
    news = turn(at_);
  }
}

// The next time at which something is to be noticed that no news say.
TimePoint EventLoop::next_look() const noexcept {
  const Window& window = recorder_.window();
  return at_ < window.open ? std::min(next_tick_, window.open) : next_tick_;
}

// A loop that sleeps has been woken for nothing, which is neither spinning nor a stall.
void EventLoop::rest() noexcept {
  at_ = now();
  if (spins_) {
    handled_ = workload_.handled();
    spin_.idle(at_, recorder_.counts(at_));
    recorder_.stolen(spin_.stolen());
  }
}

void EventLoop::look_for_a_stall(std::size_t replies) noexcept {
  const std::uint64_t before = std::exchange(handled_, workload_.handled());
  spin_.busy(at_, handled_ - before + replies, recorder_.counts(at_));
  recorder_.stolen(spin_.stolen());
}

// Until then there is nothing to do but what news ask for.
TimePoint EventLoop::next_due() noexcept {
  const TimePoint due = std::min(workload_.next_due(at_), next_tick_);
  return paced_ ? std::min({due, sends_.next_end(), reads_.next_end()}) : due;
}

// What is still open so long after the window will not be waited for.
bool EventLoop::drained() const noexcept {
  const TimePoint close = recorder_.window().close;
  return close != TimePoint::max() && at_ >= close + (interrupted_ ? kInterruptGrace : plan_.timeout);
}

// Nothing is expected on an idle connection but the reply that proves it; what comes besides is discarded.
bool EventLoop::received_idle(std::uint32_t index, std::string_view bytes) {
  if (link(index).phase == Phase::kSetup) {
    return received_setup(index, bytes);
  }
  const auto newcomer = newcomers_.find(index);
  if (newcomer == newcomers_.end()) {
    return true;
  }
  const ReplyOutcome outcome = protocol_.consume_all(newcomer->second.state, bytes);
  if (outcome.mismatch || outcome.closes) {
    if (outcome.mismatch) {
      keep_mismatch(protocol_, newcomer->second.state, bytes, outcome, at_);
    }
    break_idle(index, outcome.mismatch ? error_of(outcome.fault) : ErrorKind::kClosedEarly);
    return false;
  }
  if (outcome.completed > 0 || outcome.refused) {
    ++recorder_.connections.idle_served;
    came_up_idle(index);
  }
  return true;
}

// On an active connection, out of its time: where it closes, nothing is expected any more but the end.
bool EventLoop::received_besides(std::uint32_t index, std::string_view bytes) {
  return link(index).phase == Phase::kSetup ? received_setup(index, bytes) : true;
}

void EventLoop::end_of_stream(std::uint32_t index) {
  if (link(index).phase == Phase::kSetup) {
    setup_failed(index);
    return;
  }
  if (is_idle(index)) {
    break_idle(index, ErrorKind::kClosedEarly);
    return;
  }
  if (may_be_closed(index)) {
    renew(index);
    return;
  }
  const ReplyOutcome outcome = take_end(index, state(index), at_);
  if (plan_.connect_on_demand && outcome.completed > 0) {
    close_link(index);  // the next request opens it anew
  } else if (outcome.closes) {
    renew(index);
  } else {
    break_link(index, ErrorKind::kClosedEarly);
  }
}

void EventLoop::failed(std::uint32_t index, ErrorKind kind) {
  if (link(index).phase == Phase::kSetup) {
    setup_failed(index);
  } else if (is_idle(index)) {
    break_idle(index, kind);
  } else if (kind == ErrorKind::kReset && may_be_closed(index)) {
    renew(index);
  } else {
    break_link(index, kind);
  }
}

void EventLoop::send_due(bool just_read) {
  // What leaves together has one time, the first one's: what the others wait for is in their latencies.
  bool in_time = just_read && !plan_.rate_per_s;
  for (std::size_t sent = 0; sent < kSendBatch; ++sent) {
    if (queues_sends_ ? sent == 0 && !in_time : sent % lot_ == 0 && !std::exchange(in_time, false)) {
      if (!workload_.may_send(at_)) {
        spin_.reset_backlog();
        break;
      }
      read_clock();
    }
    const auto connection = workload_.next(at_);
    if (!connection) {
      spin_.reset_backlog();
      break;
    }
    begin_request(*connection);
  }
  while (const auto connection = workload_.retired()) {
    if (workload_.all_sent(at_)) {
      break;  // nobody needs another one
    }
    recycle(*connection, ErrorKind::kOpenAtEnd);  // nothing is in flight
  }
}

void EventLoop::keep_waiting(std::uint32_t index, std::string_view bytes) {
  waiting_[index].push_back(bytes);
  link(index).waiting = true;
}

void EventLoop::keep_waiting_first(std::uint32_t index, std::string_view bytes) {
  waiting_[index].push_front(bytes);
  link(index).waiting = true;
}

// In pieces, so that bytes that wait are moved as often as they are sent, however many there are.
void EventLoop::sendable(std::uint32_t index) {
  Link& link = this->link(index);
  link.busy = false;
  while (link.waiting && !link.busy) {
    WaitingBytes& waiting = waiting_[index];
    waiting.pop_front(kMostAtOnce, piece_);
    if (waiting.empty()) {
      waiting_.erase(index);
      link.waiting = false;
    }
    read_clock();
    transmit(index, piece_, Bytes::kPassing);
  }
}

void EventLoop::all_sent(std::uint32_t index) noexcept {
  if (half_closes_ && !link(index).waiting && !is_idle(index) && (unsent_.empty() || unsent_[index].empty())) {
    ::shutdown(link(index).fd, SHUT_WR);
  }
}

}  // namespace fanin::load
