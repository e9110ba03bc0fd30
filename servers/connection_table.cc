#include "servers/connection_table.h"

#include <sys/socket.h>

#include "servers/stop.h"

namespace fanin::server {

Connection* ConnectionTable::open(net::Descriptor socket) {
  auto connection = std::make_unique<Connection>(std::move(socket), server_);
  if (connection->start() == Connection::Next::kWrite && connection->on_ready() == Connection::Next::kClose) {
    return nullptr;
  }
  const auto fd = static_cast<std::size_t>(connection->fd());
  if (fd >= by_fd_.size()) {
    by_fd_.resize(fd + 1);
  }
  by_fd_[fd] = std::move(connection);
  ++size_;
  return by_fd_[fd].get();
}

void ConnectionTable::close(const Connection& connection) {
  by_fd_[static_cast<std::size_t>(connection.fd())].reset();
  --size_;
}

void ConnectionTable::begin_drain() noexcept {
  draining_ = true;
  for (const auto& connection : by_fd_) {
    if (connection) {
      ::shutdown(connection->fd(), SHUT_RD);
    }
  }
}

bool ConnectionTable::drained() const noexcept { return draining_ && (size_ == 0 || stop::timed_out()); }

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

void LiveConnections::drain(net::Nanoseconds timeout) {
  std::unique_lock lock(mutex_);
  if (!deadline_) {
    deadline_ = net::now() + timeout;
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
