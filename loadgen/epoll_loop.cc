#include "loadgen/epoll_loop.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "loadgen/direct_io.h"
#include "net/errno_policy.h"

namespace fanin {
namespace {

constexpr std::size_t kReadSize = 65536;
constexpr int kSendBatch = 64;  // requests sent before replies are looked for, so that a backlog does not delay them

timespec to_timespec(Nanoseconds duration) noexcept {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  return {static_cast<time_t>(seconds.count()), static_cast<long>((duration - seconds).count())};
}

}  // namespace

EpollLoop::EpollLoop(const LoadPlan& plan, const Share& share, const SourceAddresses& sources)
    : LoadThread(plan, share),
      sources_(sources),
      protocol_(*client_),
      timed_(plan.rate_per_s.has_value() || plan.think > Nanoseconds(0)),
      spins_(plan.wait.kind == WaitKind::kSpin),
      links_(share.connections + share.idle),
      buffer_(kReadSize),
      to_open_(links_.size()),
      retries_(links_.size()) {}

// The ticks come from a timer in the epoll set: a wait without a timeout is cheaper than one with.
void EpollLoop::start_timer(TimePoint first) {
  const itimerspec spec{to_timespec(kTick), to_timespec(first.time_since_epoch())};
  check(::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr), "timerfd_settime");
}

void EpollLoop::drive(const Window& window, const Coordinator& coordinator) {
  ::prctl(PR_SET_TIMERSLACK, 1);  // waits end when they are due, not up to 50 us later
  driving_ = true;
  workload_.start(window);
  start_timer(window.start);
  next_tick_ = window.start;
  progress_at_ = at_ = now();
  for (;;) {
    meter_.pass(at_, window.open, recorder_.window().close);
    workload_.wake(at_);
    pump_opens();
    dispatch();
    if (at_ >= next_tick_) {
      spin_.work();
      tick(coordinator);
    }
    if (workload_.finished(at_) || drained() || gave_up_) {
      break;
    }
    const int count = wait(workload_.may_send(at_) ? at_ : std::min(workload_.next_due(), next_tick_));
    if (count <= 0) {
      at_ = now();
      spin_.idle(at_, recorder_.counts(at_));
    } else {
      spin_.work();
    }
    for (int i = 0; i < count; ++i) {
      handle(events_[static_cast<std::size_t>(i)]);
    }
  }
  meter_.stop();
  workload_.abandon(at_);
  recorder_.finish();
}

// What is still open so long after the window will not be waited for.
bool EpollLoop::drained() const noexcept {
  const TimePoint close = recorder_.window().close;
  return close != TimePoint::max() && at_ >= close + (interrupted_ ? kInterruptGrace : plan_.timeout);
}

// Where it spins, it never waits. Where nothing but replies and ticks can come, the wait needs no timeout of its own.
int EpollLoop::wait(TimePoint until) noexcept {
  const timespec none{};
  timespec timeout{};
  const timespec* limit = spins_ || until <= at_ ? &none : nullptr;
  if (limit == nullptr && timed_) {
    timeout = to_timespec(std::max(until - now(), Nanoseconds(0)));
    limit = &timeout;
  }
  return direct_epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), limit);
}

void EpollLoop::handle(const epoll_event& event) {
  if (event.data.u64 == kTimerEvent) {
    std::uint64_t expirations = 0;
    [[maybe_unused]] const ssize_t length = ::read(timer_.get(), &expirations, sizeof expirations);  // restarts it
    at_ = now();
    return;
  }
  const auto index = static_cast<std::uint32_t>(event.data.u64);
  const Link& link = links_[index];
  if (link.life != event.data.u64 >> 32 || link.phase == Phase::kDown) {
    return;  // meant for an earlier life
  }
  if (link.phase == Phase::kConnecting) {
    decide_connect(index);
    if (link.phase != Phase::kUp) {
      return;
    }
  }
  if (link.blocked && (event.events & EPOLLOUT) != 0) {
    flush(index);
  }
  if (link.phase == Phase::kUp && (event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) {
    receive(index, event.events);
  }
  dispatch();
}

// A short read means that the socket is empty, so no further recv is needed to learn that: what comes later makes a
// new event. Only where the peer has closed is the end still to be read.
void EpollLoop::receive(std::uint32_t index, std::uint32_t events) {
  if (is_idle(index)) {
    receive_idle(index);
    return;
  }
  const bool closing = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  for (;;) {
    const ssize_t length = direct_recv(links_[index].fd, buffer_.data(), buffer_.size());
    at_ = now();
    if (length > 0) {
      if (!consume(index, static_cast<std::size_t>(length))) {
        return;
      }
      if (static_cast<std::size_t>(length) < buffer_.size() && !closing) {
        return;
      }
    } else if (length == 0) {
      end_of_stream(index);
      return;
    } else if (const IoError error = classify_io(errno); error != IoError::kInterrupted) {
      if (error != IoError::kWouldBlock) {
        break_link(index, ErrorKind::kReset);
      }
      return;
    }
  }
}

// Returns whether the connection is still of use.
bool EpollLoop::consume(std::uint32_t index, std::size_t length) {
  if (recorder_.counts(at_)) {
    recorder_.bytes_received(length);
  }
  const ReplyOutcome outcome = protocol_.consume(links_[index].state, {buffer_.data(), length});
  if (outcome.completed > 0) {
    workload_.replied(index, outcome.completed, at_);
  }
  if (outcome.mismatch) {
    break_link(index, ErrorKind::kMismatch);
    return false;
  }
  return true;
}

void EpollLoop::end_of_stream(std::uint32_t index) {
  const ReplyOutcome outcome = protocol_.end_of_stream(links_[index].state);
  if (plan_.connect_on_demand && outcome.completed > 0) {
    close_link(index);  // first: its slot is free for the next request, which opens it anew
    workload_.replied(index, outcome.completed, at_);
    return;
  }
  break_link(index, ErrorKind::kClosedEarly);
}

// Nothing is expected on an idle connection; what comes is discarded, unless it is the end.
void EpollLoop::receive_idle(std::uint32_t index) {
  ssize_t length = 0;
  do {
    length = ::recv(links_[index].fd, buffer_.data(), buffer_.size(), 0);
  } while (length > 0 || (length < 0 && errno == EINTR));
  if (length == 0 || classify_io(errno) != IoError::kWouldBlock) {
    ++recorder_.connections.idle_lost;
    close_link(index);
  }
}

void EpollLoop::dispatch() {
  for (int sent = 0; sent < kSendBatch && workload_.may_send(at_); ++sent) {
    at_ = now();
    spin_.work();
    const auto turn = workload_.next(at_);
    if (!turn) {
      break;
    }
    begin_request(turn->connection);
  }
  while (!workload_.all_sent(at_)) {
    const auto connection = workload_.retired();
    if (!connection) {
      break;
    }
    recycle(*connection);
  }
}

void EpollLoop::begin_request(std::uint32_t index) {
  Link& link = links_[index];
  if (link.phase == Phase::kDown) {
    open(index);  // on demand; the request follows when the connection is up
    return;
  }
  request_.clear();
  protocol_.append_request(link.state, request_);
  while (plan_.depth > 1 && workload_.next_on(index, at_)) {
    protocol_.append_request(link.state, request_);
  }
  send(index, request_);
}

void EpollLoop::send(std::uint32_t index, std::string_view bytes) {
  Link& link = links_[index];
  if (link.blocked) {
    blocked_[index].append(bytes);
    return;
  }
  while (!bytes.empty()) {
    const ssize_t length = direct_send(link.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (length >= 0) {
      if (recorder_.counts(at_)) {
        recorder_.bytes_sent(static_cast<std::size_t>(length));
      }
      bytes.remove_prefix(static_cast<std::size_t>(length));
    } else if (const IoError error = classify_io(errno); error == IoError::kWouldBlock) {
      link.blocked = true;
      blocked_[index] = bytes;
      return;
    } else if (error != IoError::kInterrupted) {
      break_link(index, error == IoError::kPeerGone ? ErrorKind::kReset : ErrorKind::kSendError);
      return;
    }
  }
  if (protocol_.half_closes()) {
    ::shutdown(link.fd, SHUT_WR);
  }
}

void EpollLoop::flush(std::uint32_t index) {
  at_ = now();
  const auto node = blocked_.extract(index);
  links_[index].blocked = false;
  if (!node.empty()) {
    send(index, node.mapped());
  }
}

}  // namespace fanin
