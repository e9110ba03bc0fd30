// The part of the epoll driver that opens, breaks, closes and re-opens connections.
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>

#include "loadgen/epoll_loop.h"

namespace fanin {
namespace {

constexpr std::uint32_t kMostConnecting = 64;  // well below any accept queue, so that connecting does not overflow it
constexpr int kSweepsPerTimeout = 20;          // timeouts are found within 5 % of their length, or 10 ms
constexpr Nanoseconds kLongestSweep = std::chrono::milliseconds(250);

}  // namespace

void EpollLoop::connect(const Coordinator& coordinator) {
  epoll_.reset(check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1"));
  timer_.reset(check(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create"));
  epoll_event ticks{.events = EPOLLIN | EPOLLET, .data = {.u64 = kTimerEvent}};
  check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, timer_.get(), &ticks), "epoll_ctl");
  for (std::uint32_t i = 0; i < links_.size(); ++i) {
    if (plan_.connect_on_demand && !is_idle(i)) {
      workload_.usable(i);
    } else {
      to_open_.push(i);
    }
  }
  at_ = now();
  start_timer(at_ + kTick);
  next_tick_ = at_ + kTick;
  while (!coordinator.interrupted() && (!to_open_.empty() || connecting_ > 0)) {
    pump_opens();
    const int count = ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), -1);
    at_ = now();
    for (int i = 0; i < count; ++i) {
      handle(events_[static_cast<std::size_t>(i)]);
    }
    if (at_ >= next_tick_) {
      next_tick_ = at_ + kTick;
      sweep_timeouts();
    }
  }
  recorder_.connections.established = up_;
}

void EpollLoop::pump_opens() {
  while (connecting_ < kMostConnecting && !to_open_.empty()) {
    open(to_open_.pop());
  }
}

void EpollLoop::open(std::uint32_t index) {
  Link& link = links_[index];
  ++link.life;
  link.opened = now();
  Dialled dialled = dial(plan_.target, sources_.of(std::uint64_t{index} + link.life), Blocking::kNo);
  if (!dialled.fd) {
    connect_failed(index, dialled.error);
    return;
  }
  link.fd = dialled.fd.release();
  link.phase = Phase::kConnecting;
  ++connecting_;
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                    .data = {.u64 = (std::uint64_t{link.life} << 32) | index}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, link.fd, &event) != 0) {
    connect_failed(index, errno);
  }
}

void EpollLoop::decide_connect(std::uint32_t index) {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(links_[index].fd, SOL_SOCKET, SO_ERROR, &error, &size);
  at_ = now();
  if (error != 0) {
    connect_failed(index, error);
  } else {
    came_up(index);
  }
}

void EpollLoop::came_up(std::uint32_t index) {
  Link& link = links_[index];
  link.phase = Phase::kUp;
  --connecting_;
  recorder_.connected(at_ - link.opened);
  link.state = ClientState{.connection = share_.first_connection + index};
  if (is_idle(index)) {
    ++recorder_.connections.idle_established;
    return;
  }
  ++up_;
  if (link.was_up && driving_ && recorder_.counts(at_)) {
    ++recorder_.connections.reconnects;
  }
  if (plan_.connect_on_demand) {
    recorder_.connections.established += link.was_up ? 0 : 1;
    workload_.sent_late(index, at_);
    begin_request(index);
  } else {
    workload_.usable(index);
  }
  link.was_up = true;
}

void EpollLoop::connect_failed(std::uint32_t index, int error) {
  last_connect_error_ = error;
  break_link(index, classify_connect(error));
}

// The connection is of no more use: its requests end with `kind`, and it is opened anew, at once if it had been of use.
void EpollLoop::break_link(std::uint32_t index, ErrorKind kind) {
  Link& link = links_[index];
  if (is_idle(index)) {
    recorder_.connection_error(kind);
    close_link(index);
    return;
  }
  const bool asked = workload_.in_flight(index) > 0;
  const bool closed = kind == ErrorKind::kReset || kind == ErrorKind::kClosedEarly;
  workload_.unusable(index, at_, kind);
  if (!asked) {
    recorder_.connection_error(closed ? ErrorKind::kClosedIdle : kind);
  }
  recorder_.connections.failed += link.broke ? 0 : 1;
  link.broke = true;
  const bool served = link.phase == Phase::kUp && link.state.completed > 0;
  close_link(index);
  if (served && !plan_.connect_on_demand) {
    to_open_.push(index);
  } else {
    retries_.push({at_ + kRetryDelay, index});
  }
}

// It has made its number of requests: a new connection takes its place.
void EpollLoop::recycle(std::uint32_t index) {
  if (links_[index].phase != Phase::kUp) {
    return;
  }
  workload_.unusable(index, at_, ErrorKind::kOpenAtEnd);  // nothing is in flight
  close_link(index);
  to_open_.push(index);
}

void EpollLoop::close_link(std::uint32_t index) noexcept {
  Link& link = links_[index];
  connecting_ -= link.phase == Phase::kConnecting ? 1 : 0;
  up_ -= link.phase == Phase::kUp && !is_idle(index) ? 1 : 0;
  if (link.blocked) {
    blocked_.erase(index);
    link.blocked = false;
  }
  if (link.fd >= 0) {
    if (plan_.close == CloseKind::kRst) {
      set_reset_on_close(link.fd);
    }
    Descriptor(std::exchange(link.fd, -1)).reset();
  }
  link.phase = Phase::kDown;
}

void EpollLoop::disconnect() noexcept {
  for (std::uint32_t i = 0; i < links_.size(); ++i) {
    close_link(i);
  }
  timer_.reset();
  epoll_.reset();
}

void EpollLoop::tick(const Coordinator& coordinator) {
  next_tick_ = at_ + kTick;
  sweep_timeouts();
  retry_due();
  recorder_.publish();
  give_up_without_progress();
  if (coordinator.interrupted() && !interrupted_) {
    interrupted_ = true;
    workload_.close_at(at_);
  }
}

// A slice of the connections per tick, so that a million of them do not stop the loop; a full round takes 1/20 of the
// timeout, at most 250 ms.
void EpollLoop::sweep_timeouts() {
  const Nanoseconds round = std::clamp(plan_.timeout / kSweepsPerTimeout, kTick, kLongestSweep);
  const std::size_t slice = links_.size() / static_cast<std::size_t>(round / kTick) + 1;
  for (std::size_t i = 0; i < std::min(slice, links_.size()); ++i) {
    sweep_at_ = sweep_at_ + 1 < links_.size() ? sweep_at_ + 1 : 0;
    const auto index = static_cast<std::uint32_t>(sweep_at_);
    const Link& link = links_[index];
    if (link.phase == Phase::kConnecting && link.opened + plan_.timeout <= at_) {
      connect_failed(index, ETIMEDOUT);
    } else if (link.phase == Phase::kUp && !is_idle(index) && workload_.in_flight(index) > 0 &&
               workload_.oldest_sent(index) + plan_.timeout <= at_) {
      break_link(index, ErrorKind::kTimeout);
    }
  }
}

void EpollLoop::retry_due() {
  while (!retries_.empty() && retries_.front().due <= at_) {
    const std::uint32_t index = retries_.pop().index;
    if (plan_.connect_on_demand) {
      workload_.usable(index);
    } else {
      to_open_.push(index);
    }
  }
}

// A run by number of requests has no other end if the server is gone.
void EpollLoop::give_up_without_progress() {
  const std::uint64_t progress = recorder_.sent_count() + recorder_.completed_count();
  if (up_ > 0 || progress != progress_) {
    progress_ = progress;
    progress_at_ = at_;
  } else if (recorder_.window().close == TimePoint::max() && at_ - progress_at_ > plan_.timeout) {
    gave_up_ = true;
  }
}

}  // namespace fanin
