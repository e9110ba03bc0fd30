#include "loadgen/drivers/blocking_client.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "loadgen/drivers/direct_io.h"
#include "net/descriptor.h"
#include "protocols/client_protocol.h"

namespace fanin::load {
namespace {

constexpr std::size_t kReplyBuffer = 65536;
constexpr Nanoseconds kLongestBlock = std::chrono::milliseconds(100);  // then it checks for an interrupt

void limit_blocking(int fd, int option, Nanoseconds limit) noexcept {
  const auto us = std::max<std::int64_t>(1, limit / std::chrono::microseconds(1));
  const timeval time{us / 1'000'000, us % 1'000'000};
  ::setsockopt(fd, SOL_SOCKET, option, &time, sizeof time);
}

}  // namespace

BlockingClient::BlockingClient(const LoadPlan& plan, const Share& share, const SourceAddresses& sources,
                               ConnectGate& gate)
    : LoadThread(plan, share), sources_(sources), gate_(gate), protocol_(*client_), buffer_(kReplyBuffer) {}

void BlockingClient::connect(const Coordinator& coordinator) {
  if (plan_.connect_on_demand) {
    workload_.usable(0);
    return;
  }
  gate_.acquire();
  if (!coordinator.interrupted() && open()) {
    recorder_.connections.established = 1;
    recorder_.publish(now_, 1);
  }
  gate_.release();
}

// With one request at a time the request counts show whether the first reply came.
std::uint64_t BlockingClient::unserved() const noexcept {
  const bool served = recorder_.progress_outside() > 0 || recorder_.progress_errors()[ErrorKind::kHttpStatus] > 0;
  return served ? 0 : recorder_.connections.established;
}

void BlockingClient::drive(const Window& window, const Coordinator& coordinator) {
  ::prctl(PR_SET_TIMERSLACK, 1);
  driving_ = true;
  now_ = net::now();
  wait_until(now_, coordinator);  // no wait: handles bytes that came before the first request
  start(window);
  down_since_ = net::now();
  for (now_ = net::now();; now_ = net::now()) {
    check_coordinator(coordinator);
    workload_.wake(now_);
    if (workload_.finished(now_) || over()) {
      break;
    }
    reopen_if_due(coordinator);
    if (now_ = net::now(); workload_.next(now_)) {
      exchange(coordinator);
    } else {
      wait_until_due(coordinator);
    }
  }
  gave_up_ = recorder_.window().close == TimePoint::max() && !workload_.finished(now_);
  wait_until(now_, coordinator);  // and those after the last reply
  finish(now_);
}

// Whether the grace period after the window is over. A run with a number of requests ends here if the server is gone.
bool BlockingClient::over() const noexcept {
  const TimePoint close = recorder_.window().close;
  if (close != TimePoint::max()) {
    return now_ >= close + (interrupted_ ? kInterruptGrace : plan_.timeout);
  }
  return !fd_ && !plan_.connect_on_demand && now_ - down_since_ > plan_.timeout;
}

void BlockingClient::check_coordinator(const Coordinator& coordinator) noexcept {
  recorder_.publish(now_, fd_ ? 1 : 0);
  follow_opening(coordinator, now_);
  meter_.tick(now_, recorder_.window().open, recorder_.window().close);
  if (coordinator.interrupted() && !interrupted_) {
    interrupted_ = true;
    workload_.close_at(now_);
  }
}

void BlockingClient::disconnect() noexcept { close(); }

// Returns whether the connection is up; if not, its failure has been counted.
bool BlockingClient::open() {
  const TimePoint begin = net::now();
  ConnectResult connecting = start_connect(plan_.target, sources_.of(share_.first_connection + lives_),
                                           net::Blocking::kYes, plan_.timeout, plan_.receive_buffer_bytes);
  now_ = net::now();
  ++lives_;
  if (!connecting.fd) {
    faults_.connect_failed(connecting.error);
    break_connection(classify_connect(connecting.error));
    return false;
  }
  fd_ = std::move(connecting.fd);
  limit_blocking(fd_.get(), SO_RCVTIMEO, std::min(kLongestBlock, plan_.timeout));
  recorder_.connected(now_ - begin);
  up_since_ = begin;
  if (protocol_.setup() != nullptr && !set_up(*protocol_.setup())) {
    faults_.connect_failed(kSetupError);
    state_ = {};
    break_connection(ErrorKind::kSetupFailed);
    return false;
  }
  state_ = new_life(share_, workload_, 0);
  if (driving_ && lives_ > 1 && recorder_.counts(now_)) {
    ++recorder_.connections.reconnects;
  }
  if (plan_.connect_on_demand) {
    recorder_.connections.established = 1;
  } else {
    workload_.usable(0, now_);
  }
  return true;
}

// The exchange before the first request. Returns whether the connection is usable.
bool BlockingClient::set_up(protocols::ConnectionSetup& setup) {
  protocols::ClientState state{.connection = share_.first_connection};
  const TimePoint deadline = now_ + plan_.timeout;
  std::string_view rest = setup.next_request(state);
  for (; now_ < deadline; now_ = net::now()) {
    const ssize_t length = rest.empty() ? direct_recv(fd_.get(), buffer_.data(), buffer_.size())
                                        : direct_send(fd_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    const net::IoError error = length < 0 ? net::classify_io(errno) : net::IoError::kInterrupted;
    if (length == 0 || (error != net::IoError::kWouldBlock && error != net::IoError::kInterrupted)) {
      return false;
    }
    if (length < 0) {
      continue;
    }
    const auto bytes = static_cast<std::size_t>(length);
    if (!rest.empty()) {
      rest.remove_prefix(bytes);
      continue;
    }
    const auto progress = setup.consume(state, {buffer_.data(), bytes});
    if (progress == protocols::ConnectionSetup::Progress::kFailed) {
      faults_.keep_mismatch(setup, state, {buffer_.data(), bytes}, now_);
    }
    if (progress == protocols::ConnectionSetup::Progress::kDone ||
        progress == protocols::ConnectionSetup::Progress::kFailed) {
      now_ = net::now();
      return progress == protocols::ConnectionSetup::Progress::kDone;
    }
    rest = progress == protocols::ConnectionSetup::Progress::kNextStep ? setup.next_request(state) : rest;
  }
  return false;
}

void BlockingClient::close() noexcept {
  if (!fd_) {
    return;
  }
  if (plan_.close == CloseKind::kRst) {
    net::set_reset_on_close(fd_.get());
  }
  fd_.reset();
  served_ = served_ || state_.completed > 0;
  down_since_ = now_;
}

void BlockingClient::break_connection(ErrorKind kind) {
  const bool asked = workload_.in_flight(0) > 0;
  workload_.unusable(0, now_, kind);
  if (!asked) {
    recorder_.connection_error(unasked(kind));
  }
  const bool broke = std::exchange(recorder_.connections.failed, 1) > 0;
  const bool served = fd_ && state_.completed > 0;
  if (served || served_ || !fd_ || (driving_ && !broke)) {
    workload_.lost(0, now_);  // not lost: one that the server closes again and again without a reply
  }
  const bool was_silent = !asked && fd_ && served_ && now_ - up_since_ >= kShortestSilence;
  retry_at_ = served || was_silent ? now_ : now_ + kRetryDelay;
  close();
}

void BlockingClient::reopen_if_due(const Coordinator& coordinator) {
  if (const auto retired = workload_.retired(); retired && !workload_.all_sent(now_)) {
    workload_.unusable(0, now_, ErrorKind::kOpenAtEnd);  // nothing is in flight
    await_end(coordinator);
    close();
    if (!over() && !workload_.finished(now_)) {
      open();
    }
  } else if (!fd_ && now_ >= retry_at_) {
    if (plan_.connect_on_demand) {
      workload_.usable(0, now_);
    } else {
      open();
    }
  }
}

void BlockingClient::exchange(const Coordinator& coordinator) {
  if (!fd_) {
    if (!open()) {
      return;
    }
    workload_.sent_late(0, now_);
  }
  if (send_request()) {
    receive_replies(coordinator);
  }
}

bool BlockingClient::send_request() {
  request_.clear();
  protocol_.append_request(state_, request_);
  for (std::string_view rest = request_; !rest.empty();) {
    const ssize_t length = direct_send(fd_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (length >= 0) {
      if (recorder_.counts(now_)) {
        recorder_.bytes_sent(static_cast<std::size_t>(length));
      }
      rest.remove_prefix(static_cast<std::size_t>(length));
      if (!rest.empty() && (now_ = net::now()) >= workload_.oldest_sent(0) + plan_.timeout) {
        break_connection(ErrorKind::kTimeout);  // the server reads, but too slowly
        return false;
      }
    } else if (const net::IoError error = net::classify_io(errno); error != net::IoError::kInterrupted) {
      now_ = net::now();
      break_connection(error == net::IoError::kWouldBlock ? ErrorKind::kTimeout
                       : error == net::IoError::kPeerGone ? ErrorKind::kReset
                                                          : ErrorKind::kSendError);
      return false;
    }
  }
  if (protocol_.half_closes()) {
    ::shutdown(fd_.get(), SHUT_WR);
  }
  return true;
}

void BlockingClient::renew() noexcept {
  workload_.unusable(0, now_, ErrorKind::kClosedEarly);
  close();
  retry_at_ = now_;
}

void BlockingClient::wait_until_due(const Coordinator& coordinator) {
  look_for_silence(now_);
  TimePoint until = now_ + kLongestBlock;
  for (const TimePoint due : {workload_.next_due(now_), recorder_.window().open, recorder_.window().close, retry_at_}) {
    until = due > now_ ? std::min(until, due) : until;
  }
  wait_until(until, coordinator);
}

}  // namespace fanin::load
