#include "loadgen/drivers/epoll_loop.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "loadgen/drivers/direct_io.h"
#include "net/errno_policy.h"

namespace fanin::load {
namespace {

constexpr std::size_t kReadSize = 65536;

}  // namespace

EpollLoop::EpollLoop(const LoadPlan& plan, const Share& share, const SourceAddresses& sources)
    : EventLoop(plan, share, sources, Transmit::kImmediate, {.min = 1, .max = 32, .fraction = 4}),
      buffer_(kReadSize),
      stamps_(plan.timestamps ? std::make_unique<KernelStamps>(share.connections, plan.pipeline == 1) : nullptr) {}

void EpollLoop::start_io(int timer) {
  epoll_.reset(check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1"));
  epoll_event ticks{.events = EPOLLIN | EPOLLET, .data = {.u64 = kTimerTag}};
  check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, timer, &ticks), "epoll_ctl");
}

bool EpollLoop::watch(std::uint32_t index) { return control(EPOLL_CTL_ADD, index); }

bool EpollLoop::control(int operation, std::uint32_t index) noexcept {
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.u64 = make_tag(index)}};
  return ::epoll_ctl(epoll_.get(), operation, link(index).fd, &event) == 0;
}

// The socket has been registered for all events since watch().
void EpollLoop::start_receiving(std::uint32_t index) {
  if (stamps_ && !is_idle(index)) {
    stamps_->ask(index, link(index).fd);
  }
}

int EpollLoop::poll_once(TimePoint until) {
  const auto count = static_cast<std::size_t>(wait(until));
  for (std::size_t i = 0; i < count;) {
    const std::size_t end = std::min(count, i + batch_size());
    for (std::size_t next = i; next < end; ++next) {
      if (events_[next].data.u64 != kTimerTag) {
        prefetch(static_cast<std::uint32_t>(events_[next].data.u64));
      }
    }
    bool replied = false;
    for (; i < end; ++i) {
      replied = handle(events_[i]);
    }
    dispatch(replied);
  }
  return static_cast<int>(count);
}

// A spinning loop never waits. If only replies and ticks can come, the wait needs no timeout.
int EpollLoop::wait(TimePoint until) {
  timespec timeout{};
  const timespec* limit = spins() || until <= now_ ? &timeout : nullptr;
  if (limit == nullptr && timed()) {
    timeout = to_timespec(std::max(until - now(), Nanoseconds(0)));
    limit = &timeout;
  }
  const int count = direct_epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), limit);
  return count < 0 && errno == EINTR ? 0 : check(count, "epoll_wait");
}

bool EpollLoop::handle(const epoll_event& event) {
  if (event.data.u64 == kTimerTag) {
    timer_expired();
    return false;
  }
  if (!is_current(event.data.u64)) {
    return false;  // of an earlier life
  }
  const auto index = static_cast<std::uint32_t>(event.data.u64);
  if (link(index).phase == Phase::kConnecting) {
    connect_completed(index);
    if (!link(index).connected()) {
      return false;
    }
  }
  if (link(index).busy && (event.events & EPOLLOUT) != 0) {
    sendable(index);
  }
  if (link(index).connected() && (event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) {
    const bool closing = (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    if (!reads_slowly(index)) {
      return receive(index, closing);
    }
    read_on(index);
  }
  return false;
}

// A short read means that the socket is empty: later bytes raise a new edge, so no recv is needed to see EAGAIN. If the
// peer has closed, the end of the stream is still to be read. If bytes come without end, the loop stops at the next
// tick and rearms the event.
bool EpollLoop::receive(std::uint32_t index, bool closing) {
  for (;;) {
    const ssize_t length = read(index);
    read_clock();
    if (length > 0) {
      if (!take(index, static_cast<std::size_t>(length))) {
        return false;
      }
      if (static_cast<std::size_t>(length) < buffer_.size() && !closing) {
        return true;
      }
      if (tick_is_due()) {
        if (!control(EPOLL_CTL_MOD, index)) {
          failed(index, ErrorKind::kReset);
        }
        return false;
      }
    } else if (length == 0) {
      end_of_stream(index);
      return false;
    } else if (const IoError error = classify_io(errno); error != IoError::kInterrupted) {
      if (error != IoError::kWouldBlock) {
        failed(index, ErrorKind::kReset);
      }
      return false;
    }
  }
}

// Reads again after the pause in any case, since an edge within the pause is not reported again.
void EpollLoop::read_on(std::uint32_t index) {
  if (reads().pauses(index)) {
    return;
  }
  const ssize_t length = direct_recv(link(index).fd, buffer_.data(), std::min(buffer_.size(), reads().piece()));
  read_clock();
  if (length > 0) {
    reads().begin_pause(index, now_);
    received(index, {buffer_.data(), static_cast<std::size_t>(length)}, now_);
  } else if (length == 0) {
    end_of_stream(index);
  } else if (const IoError error = classify_io(errno);
             error != IoError::kInterrupted && error != IoError::kWouldBlock) {
    failed(index, ErrorKind::kReset);
  }
}

ssize_t EpollLoop::read(std::uint32_t index) noexcept {
  return stamps_ ? stamps_->receive(link(index).fd, buffer_.data(), buffer_.size())
                 : direct_recv(link(index).fd, buffer_.data(), buffer_.size());
}

bool EpollLoop::take(std::uint32_t index, std::size_t length) {
  const std::string_view bytes(buffer_.data(), length);
  if (!stamps_ || is_idle(index)) {
    return received(index, bytes, now_);
  }
  const std::uint32_t before = workload_.in_flight(index);
  const bool of_use = received(index, bytes, now_);
  if (workload_.in_flight(index) < before && recorder_.counts(now_)) {
    stamps_->replied(index);
  }
  return of_use;
}

void EpollLoop::transmit(std::uint32_t index, std::string_view bytes, Lifetime /*lifetime*/) {
  while (!bytes.empty()) {
    const ssize_t length = direct_send(link(index).fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (length >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(length));
    } else if (const IoError error = classify_io(errno); error == IoError::kWouldBlock) {
      link(index).busy = true;
      keep_waiting_first(index, bytes);
      return;
    } else if (error != IoError::kInterrupted) {
      failed(index, error == IoError::kPeerGone ? ErrorKind::kReset : ErrorKind::kSendError);
      return;
    }
  }
  if (stamps_ && !is_idle(index) && link(index).phase != Phase::kSetup) {
    stamps_->sent(index, link(index).fd);
  }
  all_sent(index);
}

}  // namespace fanin::load
