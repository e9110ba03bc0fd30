#include "loadgen/drivers/epoll_driver.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "loadgen/drivers/direct_io.h"
#include "loadgen/drivers/event_loop.h"
#include "net/descriptor.h"

namespace fanin::load {
namespace {

constexpr std::size_t kReadSize = 65536;
constexpr BatchLimits kBatch{.min = 1, .max = 32, .fraction = 4};

}  // namespace

EpollDriver::EpollDriver(EventLoop& loop, const LoadPlan& plan, const Share& share, KernelStamps* stamps)
    : IoDriver(false, choose_batch_size(plan, share.connections, kBatch)),
      loop_(loop),
      buffer_(kReadSize),
      reads_(share.connections, plan.read_bytes_per_s),
      stamps_(stamps) {}

void EpollDriver::start(int timer) {
  epoll_.reset(net::check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1"));
  epoll_event ticks{.events = EPOLLIN | EPOLLET, .data = {.u64 = LinkTable::kTimerTag}};
  net::check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, timer, &ticks), "epoll_ctl");
}

bool EpollDriver::watch(std::uint32_t index) { return control(EPOLL_CTL_ADD, index); }

bool EpollDriver::control(int operation, std::uint32_t index) noexcept {
  const LinkTable& links = loop_.links();
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.u64 = links.make_tag(index)}};
  return ::epoll_ctl(epoll_.get(), operation, links[index].fd, &event) == 0;
}

// The socket has been registered for all events since watch().
void EpollDriver::start_receiving(std::uint32_t index) {
  if (stamps_ != nullptr && !loop_.links().is_idle(index)) {
    stamps_->ask(index, loop_.links()[index].fd);
  }
}

int EpollDriver::poll_once(TimePoint until) {
  const bool has_read = reads_.active() && read_due_pieces();
  const auto count = static_cast<std::size_t>(wait(has_read ? loop_.clock().now() : until));
  for (std::size_t i = 0; i < count;) {
    const std::size_t end = std::min(count, i + batch_size());
    for (std::size_t next = i; next < end; ++next) {
      if (events_[next].data.u64 != LinkTable::kTimerTag) {
        loop_.links().prefetch(static_cast<std::uint32_t>(events_[next].data.u64));
      }
    }
    bool replied = false;
    for (; i < end; ++i) {
      replied = handle(events_[i]);
    }
    loop_.requests().dispatch(*this, replied);
  }
  return static_cast<int>(count);
}

// A spinning loop never waits. If only replies and ticks can come, the wait needs no timeout.
int EpollDriver::wait(TimePoint until) {
  const LoopClock& clock = loop_.clock();
  timespec timeout{};
  const timespec* limit = clock.spins() || until <= clock.now() ? &timeout : nullptr;
  if (limit == nullptr && until != TimePoint::max()) {
    timeout = net::to_timespec(std::max(std::min(until, reads_.next_end()) - net::now(), Nanoseconds(0)));
    limit = &timeout;
  }
  const int count = direct_epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), limit);
  return count < 0 && errno == EINTR ? 0 : net::check(count, "epoll_wait");
}

bool EpollDriver::handle(const epoll_event& event) {
  if (event.data.u64 == LinkTable::kTimerTag) {
    loop_.clock().timer_expired();
    return false;
  }
  const LinkTable& links = loop_.links();
  if (!links.is_current(event.data.u64)) {
    return false;  // of an earlier life
  }
  const auto index = static_cast<std::uint32_t>(event.data.u64);
  const Link& link = links[index];
  if (link.phase == Link::Phase::kConnecting) {
    loop_.connect_completed(index);
    if (!link.connected()) {
      return false;
    }
  }
  if (link.busy && (event.events & EPOLLOUT) != 0) {
    loop_.outbox().sendable(index);
  }
  if (link.connected() && (event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) {
    const bool closing = (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    if (!reads_slowly(index)) {
      return receive(index, link.fd, closing);
    }
    read_piece(index);
  }
  return false;
}

// A short read means that the socket is empty: later bytes raise a new edge, so no recv is needed to see EAGAIN. If the
// peer has closed, the end of the stream is still to be read. If bytes come without end, the loop stops at the next
// tick and rearms the event.
bool EpollDriver::receive(std::uint32_t index, int fd, bool closing) {
  for (;;) {
    const ssize_t length = read(fd);
    loop_.clock().read();
    if (length > 0) {
      if (!take(index, static_cast<std::size_t>(length))) {
        return false;
      }
      if (static_cast<std::size_t>(length) < buffer_.size() && !closing) {
        return true;
      }
      if (loop_.clock().tick_is_due()) {
        if (!control(EPOLL_CTL_MOD, index)) {
          loop_.failed(index, ErrorKind::kReset);
        }
        return false;
      }
    } else if (length == 0 || net::classify_io(errno) != net::IoError::kInterrupted) {
      end_receiving(index, length);
      return false;
    }
  }
}

// After a recv that took nothing.
void EpollDriver::end_receiving(std::uint32_t index, ssize_t length) {
  if (length == 0) {
    loop_.end_of_stream(index);
  } else if (const net::IoError error = net::classify_io(errno);
             error != net::IoError::kInterrupted && error != net::IoError::kWouldBlock) {
    loop_.failed(index, ErrorKind::kReset);
  }
}

bool EpollDriver::reads_slowly(std::uint32_t index) const noexcept {
  return reads_.active() && !loop_.links().is_idle(index) && loop_.links()[index].phase != Link::Phase::kSetup;
}

// Reads again after the pause in any case, since an edge within the pause is not reported again.
void EpollDriver::read_piece(std::uint32_t index) {
  if (reads_.pauses(index)) {
    return;
  }
  const std::size_t size = std::min(buffer_.size(), reads_.piece());
  const ssize_t length = direct_recv(loop_.links()[index].fd, buffer_.data(), size);
  loop_.clock().read();
  if (length > 0) {
    reads_.begin_pause(index, loop_.clock().now());
    loop_.received(index, {buffer_.data(), static_cast<std::size_t>(length)}, loop_.clock().now());
  } else {
    end_receiving(index, length);
  }
}

// Returns whether it has read any, so that requests may be due.
bool EpollDriver::read_due_pieces() {
  bool has_read = false;
  while (const auto index = reads_.end_pause(loop_.clock().now())) {
    if (loop_.links()[*index].connected()) {
      read_piece(*index);
      has_read = true;
    }
  }
  return has_read;
}

ssize_t EpollDriver::read(int fd) noexcept {
  return stamps_ != nullptr ? stamps_->receive(fd, buffer_.data(), buffer_.size())
                            : direct_recv(fd, buffer_.data(), buffer_.size());
}

bool EpollDriver::take(std::uint32_t index, std::size_t length) {
  const std::string_view bytes(buffer_.data(), length);
  const TimePoint at = loop_.clock().now();
  if (stamps_ == nullptr || loop_.links().is_idle(index)) {
    return loop_.received(index, bytes, at);
  }
  const std::uint32_t before = loop_.links().in_flight(index);
  const bool usable = loop_.received(index, bytes, at);
  if (loop_.links().in_flight(index) < before && loop_.recorder().counts(at)) {
    stamps_->replied(index);
  }
  return usable;
}

void EpollDriver::transmit(std::uint32_t index, std::string_view bytes, Lifetime /*lifetime*/) {
  Link& link = loop_.links()[index];
  while (!bytes.empty()) {
    const ssize_t length = direct_send(link.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (length >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(length));
    } else if (const net::IoError error = net::classify_io(errno); error == net::IoError::kWouldBlock) {
      link.busy = true;
      loop_.outbox().keep_first(index, bytes);
      return;
    } else if (error != net::IoError::kInterrupted) {
      loop_.failed(index, error == net::IoError::kPeerGone ? ErrorKind::kReset : ErrorKind::kSendError);
      return;
    }
  }
  if (stamps_ != nullptr && !loop_.links().is_idle(index) && link.phase != Link::Phase::kSetup) {
    stamps_->sent(index, link.fd);
  }
  loop_.outbox().all_sent(index);
}

}  // namespace fanin::load
