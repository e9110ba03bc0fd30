#include "servers/connection_table.h"

#include <sys/socket.h>

#include "servers/stop.h"

namespace fanin::server {

Connection* ConnectionTable::open(Descriptor socket) {
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

}  // namespace fanin::server
