#include "loadgen/drivers/event_loop.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace fanin::load {
namespace {

constexpr std::size_t kSendBatch = 64;  // requests sent before polling again, so that a backlog does not delay replies

// Slices begin with a tick, which wakes a loop that has waited for its slice.
Nanoseconds choose_tick(const LoadPlan& plan) {
  return plan.slices ? plan.slices->length / ((plan.slices->length + kTick - Nanoseconds(1)) / kTick) : kTick;
}

}  // namespace

EventLoop::EventLoop(const LoadPlan& plan, const Share& share, const SourceAddresses& sources, Transmit transmit,
                     BatchLimits limits)
    : LoadThread(plan, share),
      sources_(sources),
      queues_sends_(transmit == Transmit::kQueued),
      protocol_(*client_),
      setup_(client_->setup()),
      timed_(share.connections > 0 &&
             (plan.rate_per_s || plan.think_time > Nanoseconds(0) || plan.send_bytes_per_s || plan.read_bytes_per_s)),
      spins_(share.connections > 0 && plan.idle_strategy.kind == IdleStrategy::kSpin),
      resumes_(!plan.rate_per_s && !spins_),
      batch_size_(choose_batch_size(plan, share.connections, limits)),
      half_closes_(client_->half_closes()),
      tick_(choose_tick(plan)),
      spin_(queues_sends_ ? BusyPollMeter::kSubmitted : BusyPollMeter::kPipelined),
      idle_links_(share.idle),
      since_(share.connections),
      sends_(share.connections, plan.send_bytes_per_s),
      reads_(share.connections, plan.read_bytes_per_s),
      trickle_(share.idle, plan.trickle),
      paced_(sends_.active() || reads_.active()),
      one_by_one_(plan.pipeline == 1 && !sends_.active()),
      unsent_(plan.send_bytes_per_s ? share.connections : 0),
      to_open_(share.connections),
      retries_(share.connections) {}

// Ticks come from a timerfd watched like a connection: a wait without a timeout is cheaper than one with a timeout.
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
  now_ = now();
  drain_events();
  start(window);
  trickle_.start(window.start);
  start_timer(window.start);
  next_tick_ = window.start;
  progress_at_ = now_ = now();
  for (;;) {
    meter_.tick(now_, recorder_.window().open, recorder_.window().close);
    if (slices_) {
      slices_->tick(now_);
    }
    workload_.wake(now_);
    pump_opens();
    dispatch();
    if (paced_) {
      keep_pace();
    }
    if (now_ >= next_tick_) {
      spin_.skip_interval();
      tick(coordinator);
    }
    if (workload_.finished(now_) || drained() || gave_up_) {
      break;
    }
    const TimePoint look = next_check();
    int events = 0;
    do {
      events = poll_once(workload_.may_send(now_) ? now_ : timed_ ? next_due() : TimePoint::max());
    } while (events > 0 && only_replies_until(look));
    if (events == 0) {
      count_idle_poll();
    }
  }
  drain_events();
  for (std::uint32_t i = 0; i < share_.connections && plan_.close == CloseKind::kServer; ++i) {
    if (link(i).phase == Phase::kClosing) {
      end_close_wait(since_[i], now_);
    }
  }
  finish(now_);
}

// Handles pending events without waiting: bytes before the first request or after the last reply are unsolicited.
// Bounded, since a server may send without end.
void EventLoop::drain_events() {
  const std::size_t most = std::size_t{share_.connections} + share_.idle;
  int events = 1;
  for (std::size_t taken = 0; events > 0 && taken < most; taken += static_cast<std::size_t>(events)) {
    events = poll_once(now_);
  }
}

// When to check next for what no event reports.
TimePoint EventLoop::next_check() const noexcept {
  const Window& window = recorder_.window();
  return now_ < window.open ? std::min(next_tick_, window.open) : next_tick_;
}

// An empty poll. In a loop that sleeps it is a spurious wakeup, neither spinning nor a preemption.
void EventLoop::count_idle_poll() noexcept {
  now_ = now();
  if (spins_) {
    handled_ = workload_.handled();
    spin_.idle(now_, recorder_.counts(now_));
    recorder_.preempted(spin_.preempted());
  }
}

void EventLoop::detect_preemption(std::size_t replies) noexcept {
  const std::uint64_t before = std::exchange(handled_, workload_.handled());
  spin_.busy(now_, handled_ - before + replies, recorder_.counts(now_));
  recorder_.preempted(spin_.preempted());
}

// Until then only events make work.
TimePoint EventLoop::next_due() noexcept {
  const TimePoint due = std::min(workload_.next_due(now_), next_tick_);
  return paced_ ? std::min({due, sends_.next_end(), reads_.next_end()}) : due;
}

// The grace period after the window is over: requests still open are not waited for.
bool EventLoop::drained() const noexcept {
  const TimePoint close = recorder_.window().close;
  return close != TimePoint::max() && now_ >= close + (interrupted_ ? kInterruptGrace : plan_.timeout);
}

// An idle connection expects only the reply that verifies it; later bytes are discarded.
bool EventLoop::received_idle(std::uint32_t index, std::string_view bytes) {
  if (link(index).phase == Phase::kSetup) {
    return received_setup(index, bytes);
  }
  const auto pending = pending_.find(index);
  if (pending == pending_.end()) {
    return true;
  }
  const ReplyOutcome outcome = protocol_.consume_all(pending->second.state, bytes);
  if (outcome.mismatch || outcome.closes) {
    if (outcome.mismatch) {
      keep_mismatch(protocol_, pending->second.state, bytes, outcome, now_);
    }
    break_idle(index, outcome.mismatch ? classify_fault(outcome.fault) : ErrorKind::kClosedEarly);
    return false;
  }
  if (outcome.completed > 0 || outcome.refused) {
    ++recorder_.connections.idle_served;
    on_idle_connected(index);
  }
  return true;
}

// An active connection in set-up, or closing: then only the end of the stream is expected.
bool EventLoop::received_unrequested(std::uint32_t index, std::string_view bytes) {
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
  const ReplyOutcome outcome = take_end(index, state(index), now_);
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
  // Requests of one batch share the first one's send time, so their latencies include the wait for the batch.
  bool in_time = just_read && !plan_.rate_per_s;
  for (std::size_t sent = 0; sent < kSendBatch; ++sent) {
    if (queues_sends_ ? sent == 0 && !in_time : sent % batch_size_ == 0 && !std::exchange(in_time, false)) {
      if (!workload_.may_send(now_)) {
        spin_.reset_backlog();
        break;
      }
      read_clock();
    }
    const auto connection = workload_.next(now_);
    if (!connection) {
      spin_.reset_backlog();
      break;
    }
    begin_request(*connection);
  }
  while (const auto connection = workload_.retired()) {
    if (workload_.all_sent(now_)) {
      break;  // no further request needs a connection
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

// In pieces, so that the cost of moving waiting bytes stays linear.
void EventLoop::sendable(std::uint32_t index) {
  Link& link = this->link(index);
  link.busy = false;
  while (link.waiting && !link.busy) {
    WaitingBytes& waiting = waiting_[index];
    waiting.pop_front(kMaxSendBytes, piece_);
    if (waiting.empty()) {
      waiting_.erase(index);
      link.waiting = false;
    }
    read_clock();
    transmit(index, piece_, Lifetime::kTransient);
  }
}

void EventLoop::all_sent(std::uint32_t index) noexcept {
  if (half_closes_ && !link(index).waiting && !is_idle(index) && (unsent_.empty() || unsent_[index].empty())) {
    ::shutdown(link(index).fd, SHUT_WR);
  }
}

}  // namespace fanin::load
