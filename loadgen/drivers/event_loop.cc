#include "loadgen/drivers/event_loop.h"

#include <sys/prctl.h>

#include <algorithm>

#include "loadgen/drivers/epoll_driver.h"
#include "loadgen/drivers/uring_driver.h"

namespace fanin::load {
namespace {

constexpr int kSweepsPerTimeout = 20;  // timeouts are found within 5 % of their length, or 10 ms
constexpr Nanoseconds kLongestSweep = std::chrono::milliseconds(250);
constexpr std::size_t kUnservedPerTick = 16384;  // checked within about a millisecond

LoopTiming choose_timing(const LoadPlan& plan, const Share& share, const IoDriver& io) {
  const bool active = share.connections > 0;
  const bool paced = plan.think_time > Nanoseconds(0) || plan.send_bytes_per_s || plan.read_bytes_per_s;
  return {.spins = active && plan.idle_strategy.kind == IdleStrategy::kSpin,
          .timed = active && (plan.rate_per_s || paced),
          .per_request = io.queues_sends() ? BusyPollMeter::kSubmitted : BusyPollMeter::kPipelined};
}

std::unique_ptr<IoDriver> make_driver(DriverKind kind, EventLoop& loop, const LoadPlan& plan, const Share& share,
                                      KernelStamps* stamps) {
  if (kind == DriverKind::kUring) {
    return std::make_unique<UringDriver>(loop, plan, share);
  }
  return std::make_unique<EpollDriver>(loop, plan, share, stamps);
}

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

EventLoop::EventLoop(const LoadPlan& plan, const Share& share, const SourceAddresses& sources, DriverKind kind)
    : LoadThread(plan, share),
      stamps_(plan.timestamps ? std::make_unique<KernelStamps>(share.connections, plan.pipeline == 1) : nullptr),
      io_(make_driver(kind, *this, plan_, share_, stamps_.get())),
      clock_(choose_timing(plan, share, *io_), workload_, recorder_),
      links_(workload_.records(), share.idle),
      outbox_(context(), links_, clock_, *io_),
      connections_(context(), sources, links_, clock_, outbox_, *io_),
      requests_(context(), *io_, clock_, outbox_, connections_),
      sweep_(context(), links_, clock_, connections_),
      trickle_(context(), links_, clock_, outbox_) {
  if (io_->queues_sends()) {
    client_->set_request_slots(std::clamp<std::size_t>(share.connections, 1, io_->batch_size() + 1));
  }
}

void EventLoop::connect(const Coordinator& coordinator) {
  io_->start(clock_.open_timer());
  for (std::uint32_t i = 0; i < links_.active() && plan_.connect_on_demand; ++i) {
    workload_.usable(i);
  }
  clock_.restart();
  clock_.start_ticks(clock_.now() + kTick);
  while (!coordinator.interrupted() && connections_.pending()) {
    connections_.open_queued();
    io_->poll_once(TimePoint::max());
    if (clock_.tick_is_due()) {
      clock_.advance_tick();
      sweep_.sweep_timeouts();
      publish();
    }
  }
  recorder_.connections.established = connections_.active_up();
  if (!plan_.connect_on_demand) {
    sweep_.start_unserved();
  }
  publish();
}

void EventLoop::drive(const Window& window, const Coordinator& coordinator) {
  ::prctl(PR_SET_TIMERSLACK, 1);  // waits end when they are due, not up to 50 us later
  clock_.start_traffic();
  clock_.restart();
  drain_events();
  start(window);
  trickle_.start(window.start);
  clock_.start_ticks(window.start);
  clock_.restart();
  for (;;) {
    meter_.tick(clock_.now(), recorder_.window().open, recorder_.window().close);
    if (slices_) {
      slices_->tick(clock_.now());
    }
    workload_.wake(clock_.now());
    connections_.open_queued();
    requests_.dispatch(*io_);
    outbox_.send_pieces();
    if (clock_.tick_is_due()) {
      clock_.skip_interval();
      tick(coordinator);
    }
    if (workload_.finished(clock_.now()) || grace_is_over() || gave_up_) {
      break;
    }
    poll_until_check();
  }
  drain_events();
  end_close_waits();
  finish(clock_.now());
}

// Polls once, and again as long as only replies come.
void EventLoop::poll_until_check() {
  const Window& window = recorder_.window();
  const TimePoint tick = clock_.next_tick();
  const TimePoint check = clock_.now() < window.open ? std::min(tick, window.open) : tick;
  int events = 0;
  do {
    const TimePoint at = clock_.now();
    if (slices_) {
      clock_.rest(!slices_->open(at));
    }
    TimePoint until = workload_.may_send(at) ? at : TimePoint::max();
    if (until > at && clock_.timed()) {
      until = std::min({workload_.next_due(at), clock_.next_tick(), outbox_.next_piece()});
    } else if (until > at && slices_) {
      until = workload_.next_due(at);  // its next slice; ticks have a timer of their own
    }
    events = io_->poll_once(until);
  } while (events > 0 && only_replies_until(check));
  if (events == 0) {
    clock_.read_idle();
  }
}

// Whether there is nothing to do until `check` but handle replies.
bool EventLoop::only_replies_until(TimePoint check) const noexcept {
  return clock_.now() < check && !clock_.timed() && !clock_.spins() && !slices_ && !connections_.opens_left() &&
         !workload_.all_sent(clock_.now());
}

// Handles pending events without waiting: bytes before the first request or after the last reply are unsolicited.
// Bounded, since a server may send without end.
void EventLoop::drain_events() {
  int events = 1;
  for (std::size_t taken = 0; events > 0 && taken < links_.size(); taken += static_cast<std::size_t>(events)) {
    events = io_->poll_once(clock_.now());
  }
}

void EventLoop::tick(const Coordinator& coordinator) {
  clock_.advance_tick();
  trickle_.send_due();
  gave_up_ = sweep_.gives_up();
  sweep_.sweep_timeouts();
  connections_.retry_due();
  publish();
  sweep_.sweep_unserved();
  look_for_silence(clock_.now());
  follow_opening(coordinator, clock_.now());
  if (coordinator.interrupted() && !interrupted_) {
    interrupted_ = true;
    workload_.close_at(clock_.now());
  }
}

void EventLoop::publish() noexcept {
  const auto& counts = recorder_.connections;
  recorder_.publish(clock_.now(), connections_.active_up() + counts.idle_established - counts.idle_lost);
}

// Requests that are open after the grace period are not waited for.
bool EventLoop::grace_is_over() const noexcept {
  const TimePoint close = recorder_.window().close;
  return close != TimePoint::max() && clock_.now() >= close + (interrupted_ ? kInterruptGrace : plan_.timeout);
}

void EventLoop::end_close_waits() {
  for (std::uint32_t i = 0; i < links_.active() && plan_.close == CloseKind::kServer; ++i) {
    if (links_[i].phase == Link::Phase::kClosing) {
      end_close_wait(connections_.since(i), clock_.now());
    }
  }
}

void EventLoop::connect_completed(std::uint32_t index) {
  if (connections_.connect_completed(index)) {
    usable(index);
  }
}

bool EventLoop::received_without_request(std::uint32_t index, std::string_view bytes) {
  if (connections_.received(index, bytes)) {
    usable(index);
  }
  return links_[index].connected();
}

// An active connection may send from now on. One that was made on demand has its request already.
void EventLoop::usable(std::uint32_t index) {
  if (plan_.connect_on_demand) {
    workload_.sent_late(index, clock_.now());
    requests_.begin(*io_, index, clock_.now());
  } else {
    workload_.usable(index, clock_.now());
  }
}

void EventLoop::end_of_stream(std::uint32_t index) {
  const Link::Phase phase = links_[index].phase;
  if (links_.is_idle(index) || phase == Link::Phase::kSetup) {
    connections_.failed(index, ErrorKind::kClosedEarly);
    return;
  }
  if (connections_.may_be_closed(index)) {
    connections_.renew(index);
    return;
  }
  const protocols::ReplyOutcome outcome = take_end(index, workload_.record(index).state, clock_.now());
  if (plan_.connect_on_demand && outcome.completed > 0) {
    connections_.close(index);  // the next request opens it anew
  } else if (outcome.closes) {
    connections_.renew(index);
  } else {
    connections_.break_active(index, ErrorKind::kClosedEarly);
  }
}

void EventLoop::disconnect() noexcept {
  for (std::uint32_t i = 0; i < links_.size(); ++i) {
    connections_.close(i);
  }
  io_->stop();
  clock_.close_timer();
}

}  // namespace fanin::load
