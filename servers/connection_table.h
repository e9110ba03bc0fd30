#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "servers/connection.h"

namespace fanin::server {

// The connections of one event loop, indexed by descriptor. Owns them; one thread.
class ConnectionTable {
 public:
  explicit ConnectionTable(const Server& server) : server_(server) {}

  // Takes the socket and starts its protocol. Null if the connection ended at once (greeting sent).
  Connection* open(Descriptor socket);
  void close(const Connection& connection);

  Connection* find(int fd) const noexcept {
    return static_cast<std::size_t>(fd) < by_fd_.size() ? by_fd_[static_cast<std::size_t>(fd)].get() : nullptr;
  }
  std::size_t size() const noexcept { return size_; }
  // One past the highest descriptor ever held.
  int end_fd() const noexcept { return static_cast<int>(by_fd_.size()); }

  // Stops reading: every connection answers what has arrived, and ends.
  void begin_drain() noexcept;
  // True once the drain has begun and all connections have ended or the drain timeout has passed: the loop returns.
  bool drained() const noexcept;

 private:
  const Server& server_;
  std::vector<std::unique_ptr<Connection>> by_fd_;
  std::size_t size_ = 0;
  bool draining_ = false;
};

}  // namespace fanin::server
