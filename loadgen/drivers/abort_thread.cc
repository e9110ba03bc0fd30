#include "loadgen/drivers/abort_thread.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <string_view>

namespace fanin::load {
namespace {

constexpr Nanoseconds kStay = std::chrono::milliseconds(10);  // of half a request: the server waits for the rest

Schedule make_abort_schedule(const LoadPlan& plan) {
  return Schedule({.kind = ArrivalKind::kUniform, .rate_per_s = *plan.aborts_per_s, .trace = {}}, 0);
}

// Whether the server has closed the connection.
bool is_closed_by_peer(int fd) noexcept {
  char byte = 0;
  const ssize_t length = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR);
}

}  // namespace

AbortThread::AbortThread(const LoadPlan& plan, const Share& share, const SourceAddresses& sources)
    : LoadThread(plan, share),
      sources_(sources),
      schedule_(make_abort_schedule(plan)),
      sends_whole_(!client_->lines_of_others()) {
  open_.reserve(kMaxOpenAborts);
}

void AbortThread::drive(const Window& window, const Coordinator& coordinator) {
  ::prctl(PR_SET_TIMERSLACK, 1);
  start(window);
  TimePoint at = net::now();
  for (; at < recorder_.window().close && !coordinator.interrupted() && !coordinator.only_background_left();
       at = net::now()) {
    follow_opening(coordinator, at);
    meter_.tick(at, recorder_.window().open, recorder_.window().close);
    if (slices_) {
      slices_->tick(at);
    }
    recorder_.publish(at, 0);
    end_due(at);
    begin_due(at);
    look_at_connects(std::min(next_event(at), at + kTick));
  }
  if (coordinator.interrupted()) {
    workload_.close_at(at);
  }
  for (Client& client : open_) {
    client.connected ? reset(client) : count(client, false);
  }
  open_.clear();
  finish(at);
}

bool AbortThread::is_due(TimePoint at) noexcept {
  if (slices_) {
    return slices_->open(at) && slices_->time_of(schedule_.next()) <= at;
  }
  return recorder_.window().start + schedule_.next() <= at;
}

TimePoint AbortThread::next_event(TimePoint at) noexcept {
  TimePoint next = slices_ ? slices_->next_due(schedule_.next()) : recorder_.window().start + schedule_.next();
  for (const Client& client : open_) {
    next = std::min(next, client.until);
  }
  return std::max(next, at);
}

void AbortThread::begin_due(TimePoint at) {
  for (; is_due(at); schedule_.advance()) {
    begin(at);
  }
}

void AbortThread::begin(TimePoint at) {
  Client client{.until = at + plan_.timeout, .whole = sends_whole_ && begun_ % 2 == 1, .counts = recorder_.counts(at)};
  const std::uint32_t number = plan_.connections + plan_.idle + begun_++;
  if (open_.size() == kMaxOpenAborts) {
    count(client, false);
    return;
  }
  ConnectResult connecting = start_connect(plan_.target, sources_.of(number), net::Blocking::kNo);
  if (!connecting.fd) {
    count(client, false);
    return;
  }
  client.fd = std::move(connecting.fd);
  open_.push_back(std::move(client));
}

// Waits until `until` at most. On loopback a connect has ended when the next call looks for it.
void AbortThread::look_at_connects(TimePoint until) {
  std::vector<pollfd> connecting;
  for (const Client& client : open_) {
    if (!client.connected) {
      connecting.push_back({client.fd.get(), POLLOUT, 0});
    }
  }
  const timespec timeout = net::to_timespec(std::max(until - net::now(), Nanoseconds(0)));
  if (::ppoll(connecting.data(), connecting.size(), &timeout, nullptr) <= 0) {
    return;
  }
  auto seen = connecting.begin();
  for (Client& client : open_) {
    if (!client.connected && (seen++)->revents != 0) {
      send_request(client);
    }
  }
}

// A failed connect fails the send. What does not fit into the socket's buffer is left out.
void AbortThread::send_request(Client& client) {
  protocols::ClientState state{.connection = plan_.connections + plan_.idle + begun_};
  const std::string_view request = client_->next_request(state);
  const std::size_t size = client.whole ? request.size() : request.size() / 2;
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(client.fd.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0 ||
      (size > 0 && ::send(client.fd.get(), request.data(), size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN)) {
    count(client, false);
    client.fd.reset();
  }
  client.connected = true;
  client.until = client.whole || !client.fd ? TimePoint::min() : net::now() + kStay;
}

void AbortThread::end_due(TimePoint at) {
  std::erase_if(open_, [this, at](Client& client) {
    if (client.until > at) {
      return false;
    }
    if (client.connected) {
      reset(client);
    } else {
      count(client, false);
    }
    return true;
  });
}

void AbortThread::reset(Client& client) {
  if (!client.fd) {
    return;  // has failed
  }
  count(client, client.whole || !is_closed_by_peer(client.fd.get()));
  net::set_reset_on_close(client.fd.get());
  client.fd.reset();
}

void AbortThread::count(const Client& client, bool made) noexcept {
  if (client.counts) {
    ++(made ? recorder_.connections.aborts_made : recorder_.connections.aborts_failed);
  }
}

}  // namespace fanin::load
