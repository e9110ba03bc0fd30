#include "servers/live_connections.h"

#include <sys/socket.h>

namespace fanin::server {

LiveConnections::Guard::Guard(LiveConnections& live, int fd) : live_(live), fd_(fd) {
  const std::lock_guard lock(live_.mutex_);
  live_.sockets_.insert(fd_);
  if (live_.ended_) {
    ::shutdown(fd_, *live_.ended_);
  }
}

LiveConnections::Guard::~Guard() {
  const std::lock_guard lock(live_.mutex_);
  live_.sockets_.erase(fd_);
  live_.changed_.notify_all();  // under the lock: the waiter may destroy this object right after
}

std::size_t LiveConnections::size() const {
  const std::lock_guard lock(mutex_);
  return sockets_.size();
}

void LiveConnections::drain(Nanoseconds timeout) {
  std::unique_lock lock(mutex_);
  if (!deadline_) {
    deadline_ = now() + timeout;
    shutdown_all(SHUT_RD);
  }
  if (!changed_.wait_until(lock, *deadline_, [this] { return sockets_.empty(); })) {
    shutdown_all(SHUT_RDWR);
    changed_.wait(lock, [this] { return sockets_.empty(); });
  }
}

void LiveConnections::shutdown_all(int how) {
  ended_ = how;
  for (const int fd : sockets_) {
    ::shutdown(fd, how);
  }
}

}  // namespace fanin::server
