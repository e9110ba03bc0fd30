#include "servers/wait_loop.h"

#include <sys/socket.h>

#include <array>
#include <utility>

#include "servers/stop.h"

namespace fanin::server {

Waiter::Waiter(WaitLoop& loop, int fd) : loop_(loop), fd_(fd) { loop_.waiters_.insert(this); }

Waiter::~Waiter() { loop_.waiters_.erase(this); }

bool Waiter::watch(Connection::Next next) {
  const std::uint32_t events = next == Connection::Next::kWrite ? EPOLLOUT : EPOLLIN;
  if (watched_ == events) {
    return true;
  }
  if (watched_ != 0) {
    loop_.set_.modify(fd_, events, this);
  } else if (!loop_.set_.add(fd_, events, this)) {
    return false;
  }
  watched_ = events;
  return true;
}

void Waiter::unwatch() {
  if (std::exchange(watched_, 0) != 0) {
    loop_.set_.remove(fd_);
  }
}

void WaitLoop::run() {
  std::array<epoll_event, 512> room;
  while (!waiters_.empty()) {
    // The waiter of an event exists: a batch holds one event per socket, and only its own flow closes a socket.
    for (const epoll_event& event : set_.wait(room, stop::wait_timeout_ms())) {
      static_cast<Waiter*>(event.data.ptr)->wake();
    }
    if (stop::timed_out()) {
      shutdown_all(SHUT_RDWR);
    }
  }
}

void WaitLoop::shutdown_all(int how) noexcept {
  for (const Waiter* waiter : waiters_) {
    ::shutdown(waiter->fd_, how);
  }
}

}  // namespace fanin::server
