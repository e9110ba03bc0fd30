// The part of an event loop that opens, verifies, breaks, closes and reopens connections.
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "loadgen/drivers/event_loop.h"
#include "protocols/connection_setup.h"

namespace fanin::load {

void EventLoop::connect(const Coordinator& coordinator) {
  timer_.reset(check(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create"));
  start_io(timer_.get());
  if (plan_.connect_on_demand) {
    next_to_open_ = share_.connections;
    for (std::uint32_t i = 0; i < share_.connections; ++i) {
      workload_.usable(i);
    }
  }
  now_ = now();
  start_timer(now_ + tick_);
  next_tick_ = now_ + tick_;
  while (!coordinator.interrupted() && (opens_left() || connecting_ > 0)) {
    pump_opens();
    poll_once(TimePoint::max());
    if (now_ >= next_tick_) {
      next_tick_ = now_ + tick_;
      sweep_timeouts();
      publish();
    }
  }
  recorder_.connections.established = up_;
  for (std::uint32_t i = 0; i < share_.connections && !plan_.connect_on_demand; ++i) {
    if (link(i).phase == Phase::kUp) {
      unserved_.push_back(i);
    }
  }
  unserved_count_.store(unserved_.size(), std::memory_order_relaxed);
  publish();
}

void EventLoop::publish() noexcept {
  recorder_.publish(now_, up_ + recorder_.connections.idle_established - recorder_.connections.idle_lost);
}

void EventLoop::pump_opens() {
  while (connecting_ < plan_.connecting && opens_left()) {
    open(to_open_.empty() ? next_to_open_++ : to_open_.pop());
  }
}

void EventLoop::open(std::uint32_t index) {
  spin_.skip_interval();
  Link& link = this->link(index);
  ++link.life;
  link.phase = Phase::kConnecting;
  ++connecting_;
  since(index) = now();
  // The number in the whole run, so that threads do not all begin with the same address.
  const std::uint64_t number = std::uint64_t{is_idle(index) ? share_.first_idle : share_.first_connection} + index;
  ConnectResult connecting =
      start_connect(plan_.target, sources_.of(number + link.life), Blocking::kNo, {}, plan_.receive_buffer_bytes);
  if (!connecting.fd) {
    connect_failed(index, connecting.error);
    return;
  }
  link.fd = connecting.fd.release();
  if (!watch(index)) {
    connect_failed(index, errno);
  }
}

void EventLoop::connect_completed(std::uint32_t index) {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(link(index).fd, SOL_SOCKET, SO_ERROR, &error, &size);
  read_clock();
  if (error != 0) {
    connect_failed(index, error);
  } else {
    on_connected(index);
  }
}

void EventLoop::on_connected(std::uint32_t index) {
  Link& link = this->link(index);
  link.phase = setup_ != nullptr ? Phase::kSetup : Phase::kUp;
  recorder_.connected(now_ - since(index));
  start_receiving(index);
  if (setup_ == nullptr) {
    established(index);
    return;
  }
  if (!is_idle(index)) {
    state(index) = {};
  }
  const std::uint32_t first = is_idle(index) ? share_.first_idle : share_.first_connection;
  pending_[index] = {.state = {.connection = first + index}, .since = now_};
  send_setup(index);
}

// Sends the next request of the set-up, if there is one.
void EventLoop::send_setup(std::uint32_t index) {
  const std::string_view bytes = setup_->next_request(pending_[index].state);
  if (bytes.empty()) {
    return;
  }
  if (link(index).busy) {
    keep_waiting(index, bytes);
  } else {
    transmit(index, bytes, Lifetime::kTransient);
  }
}

// Returns whether the connection is still usable.
bool EventLoop::received_setup(std::uint32_t index, std::string_view bytes) {
  switch (setup_->consume(pending_[index].state, bytes)) {
    case ConnectionSetup::Progress::kWaiting:
      return true;
    case ConnectionSetup::Progress::kNextStep:
      send_setup(index);
      break;
    case ConnectionSetup::Progress::kDone:
      read_clock();
      link(index).phase = Phase::kUp;
      established(index);
      break;
    case ConnectionSetup::Progress::kFailed:
      keep_mismatch(*setup_, pending_[index].state, bytes, now_);
      setup_failed(index);
      break;
  }
  return link(index).connected();
}

void EventLoop::setup_failed(std::uint32_t index) {
  last_connect_error_ = kSetupError;
  is_idle(index) ? break_idle(index, ErrorKind::kSetupFailed) : break_link(index, ErrorKind::kSetupFailed);
}

// The connection is usable from now on.
void EventLoop::established(std::uint32_t index) {
  Link& link = this->link(index);
  if (is_idle(index)) {
    ++recorder_.connections.idle_established;
    if (!plan_.verify_idle) {
      on_idle_connected(index);
      return;
    }
    ClientState& proof = state(index) = {.connection = share_.first_idle + index};
    request_.clear();
    protocol_.append_request(proof, request_);
    transmit(index, request_, Lifetime::kTransient);
    return;
  }
  if (setup_ != nullptr) {
    pending_.erase(index);
  }
  --connecting_;
  state(index) = new_life(index);
  ++up_;
  if (link.was_up && driving_ && recorder_.counts(now_)) {
    ++recorder_.connections.reconnects;
  }
  const bool was_up = link.was_up;
  link.was_up = true;
  if (plan_.connect_on_demand) {
    recorder_.connections.established += was_up ? 0 : 1;
    workload_.sent_late(index, now_);
    begin_request(index);
  } else {
    workload_.usable(index, now_);
  }
}

// From now on the connection idles; only its Link is kept.
void EventLoop::on_idle_connected(std::uint32_t index) {
  pending_.erase(index);
  --connecting_;
}

void EventLoop::connect_failed(std::uint32_t index, int error) {
  last_connect_error_ = error;
  failed(index, classify_connect(error));
}

// Ends the connection's requests with `kind`, closes it and schedules it to be reopened: at once if it had been served.
void EventLoop::break_link(std::uint32_t index, ErrorKind kind) {
  Link& link = this->link(index);
  const bool asked = workload_.in_flight(index) > 0;
  workload_.unusable(index, now_, kind);
  if (!asked) {
    recorder_.connection_error(unasked(kind));
  }
  const bool broke = link.broke;
  link.broke = true;
  recorder_.connections.failed += broke ? 0 : 1;
  const bool served = link.connected() && state(index).completed > 0;
  if (served || link.served || !link.connected() || (driving_ && !broke)) {
    workload_.lost(index, now_);  // not lost: one that the server closes again and again without a reply
  }
  // A server may close a connection that was silent for some time, also before its first request.
  const bool was_silent = !asked && link.connected() && link.served && now_ - since_[index] >= kShortestSilence;
  close_link(index);
  if ((served || was_silent) && !plan_.connect_on_demand) {
    to_open_.push(index);
  } else {
    retries_.push({now_ + kRetryDelay, index});
  }
}

// Idle connections are not reopened. One that breaks while it idles is lost; one that breaks before has failed.
void EventLoop::break_idle(std::uint32_t index, ErrorKind kind) {
  const bool idled = link(index).phase == Phase::kUp && !pending_.contains(index);
  if (idled) {
    ++recorder_.connections.idle_lost;
  } else {
    recorder_.connection_error(kind);
    recorder_.connections.idle_established -= link(index).phase == Phase::kUp ? 1 : 0;
  }
  close_link(index);
}

// The connection has made its number of requests, or the server announced the close: a new connection replaces it, with
// --close server once the server has closed.
void EventLoop::recycle(std::uint32_t index, ErrorKind unanswered) {
  if (link(index).phase != Phase::kUp) {
    return;
  }
  workload_.unusable(index, now_, unanswered);
  if (plan_.close == CloseKind::kServer) {
    link(index).phase = Phase::kClosing;
    since_[index] = now_;
  } else {
    renew(index);
  }
}

void EventLoop::renew(std::uint32_t index) {
  if (link(index).phase == Phase::kClosing) {
    close_waits_.closed(since_[index], now_);
  }
  workload_.unusable(index, now_, ErrorKind::kClosedEarly);
  close_link(index);
  to_open_.push(index);
}

// The server may close, with FIN or RST, after its last reply, possibly before the workload has noticed that it was the
// last.
bool EventLoop::may_be_closed(std::uint32_t index) const noexcept {
  return link(index).phase == Phase::kClosing ||
         (plan_.close == CloseKind::kServer && link(index).phase == Phase::kUp && workload_.in_flight(index) == 0 &&
          workload_.record(index).state.completed >= plan_.requests_per_connection);
}

void EventLoop::close_link(std::uint32_t index) noexcept {
  spin_.skip_interval();
  Link& link = this->link(index);
  if (is_idle(index)) {
    connecting_ -= static_cast<std::uint32_t>(pending_.erase(index));
  } else {
    const bool under_way = link.phase == Phase::kConnecting || link.phase == Phase::kSetup;
    connecting_ -= under_way ? 1 : 0;
    up_ -= link.connected() && !under_way ? 1 : 0;
    if (link.phase == Phase::kSetup) {
      pending_.erase(index);
    }
    link.served |= link.connected() && state(index).completed > 0;
  }
  if (link.waiting) {
    waiting_.erase(index);
  }
  if (index < unsent_.size()) {
    unsent_[index].clear();
  }
  if (link.fd >= 0) {
    if (plan_.close == CloseKind::kRst) {
      set_reset_on_close(link.fd);
    }
    detach(index);
    Descriptor(std::exchange(link.fd, -1)).reset();
  }
  link.phase = Phase::kDown;
  link.busy = link.waiting = false;
}

void EventLoop::disconnect() noexcept {
  for (std::uint32_t i = 0; i < share_.connections + share_.idle; ++i) {
    close_link(i);
  }
  stop_io();
  timer_.reset();
}

}  // namespace fanin::load
