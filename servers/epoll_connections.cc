#include "servers/epoll_connections.h"

#include <vector>

#include "servers/counters.h"
#include "servers/stop.h"

#if defined(FANIN_TSAN)
#include <sanitizer/tsan_interface.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace fanin::server {
namespace {

// The thread that takes an event sees all writes from before the descriptor was armed, and may close it before the
// arming call returns: the kernel's lock of the epoll instance orders them, and the call holds the file.
// ThreadSanitizer does not know this of EPOLL_CTL_MOD and reports a race for every connection that moves between
// threads; so it gets the release explicitly and does not see the call.
int rearm([[maybe_unused]] EpollSet* set, int epoll, int fd, epoll_event* event) noexcept {
#if defined(FANIN_TSAN)
  __tsan_release(set);
  return static_cast<int>(::syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_MOD, fd, event));
#else
  return ::epoll_ctl(epoll, EPOLL_CTL_MOD, fd, event);
#endif
}

void woken([[maybe_unused]] EpollSet* set) noexcept {
#if defined(FANIN_TSAN)
  __tsan_acquire(set);
#endif
}

}  // namespace

EpollSet::EpollSet() : epoll_(net::check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {}

void EpollSet::remove(int fd) {
  count(Count::kCallEpollCtl);
  net::check(::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr), "epoll_ctl");
}

std::span<const epoll_event> EpollSet::wait(std::span<epoll_event> room, int timeout_ms) noexcept {
  const int ready = ::epoll_wait(epoll_.get(), room.data(), static_cast<int>(room.size()), timeout_ms);
  woken(this);
  count_wait(ready);
  return room.first(ready > 0 ? static_cast<std::size_t>(ready) : 0);
}

bool EpollSet::add(int fd, epoll_event event) noexcept {
  count(Count::kCallEpollCtl);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) < 0) {
    count(Count::kRefusedResources);
    return false;
  }
  return true;
}

void EpollSet::modify(int fd, epoll_event event) {
  count(Count::kCallEpollCtl);
  net::check(rearm(this, epoll_.get(), fd, &event), "epoll_ctl");
}

EpollConnections::EpollConnections(const Server& server, const Setup& setup)
    : table_(server),
      listeners_(setup.listeners),
      accept_batch_(server.options().accept_batch),
      interest_(setup.interest),
      inbox_(setup.inbox),
      limit_(setup.limit),
      worker_(setup.worker) {
  for (const Listener& listener : listeners_) {
    net::check(set_.add(listener.fd(), setup.listener_events) ? 0 : -1, "epoll_ctl");
  }
  if (inbox_ != nullptr) {
    watch(inbox_->fd());
  }
}

std::span<const epoll_event> EpollConnections::wait(int timeout_ms) {
  return set_.wait(events_, timeout_ms < 0 ? stop::wait_timeout_ms() : timeout_ms);
}

void EpollConnections::close(const Connection& connection) {
  table_.close(connection);  // close(2) removes it from the interest list
  if (limit_ != nullptr) {
    limit_->leave(worker_);
  }
}

void EpollConnections::unpark(const Connection& connection) {
  if (!set_.add(connection.fd(), interest_(connection.next()))) {
    close(connection);
  }
}

void EpollConnections::accept_from(int fd) {
  const auto open = [this] { return limit_ == nullptr ? table_.size() : 0; };
  const auto serve = [this](net::Descriptor socket) { adopt(std::move(socket)); };
  for (Listener& listener : listeners_) {
    if (listener.fd() == fd && !accept_batch(listener, accept_batch_, open, serve)) {
      set_.remove(fd);
      table_.begin_drain();
    }
  }
  if (inbox_ != nullptr && inbox_->fd() == fd) {
    take_from_inbox();
  }
}

void EpollConnections::take_from_inbox() {
  std::vector<net::Descriptor> sockets;
  const bool more_to_come = inbox_->take(sockets);
  for (net::Descriptor& socket : sockets) {
    adopt(std::move(socket));
  }
  if (!more_to_come) {
    table_.begin_drain();
  }
}

void EpollConnections::adopt(net::Descriptor socket) {
  if (limit_ != nullptr && !limit_->enter(worker_)) {
    return;
  }
  if (const Connection* connection = table_.open(std::move(socket))) {
    unpark(*connection);
  } else if (limit_ != nullptr) {
    limit_->leave(worker_);
  }
}

}  // namespace fanin::server
