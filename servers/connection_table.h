#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "servers/connection.h"

namespace fanin::server {

// The connections of one event loop, found by descriptor number in constant time. Owns them; one thread.
class ConnectionTable {
 public:
  explicit ConnectionTable(const Server& server) : server_(server) {}

  // Takes the socket over and starts its protocol. Returns null where it was over at once (a greeting sent, say).
  Connection* open(Descriptor socket);
  void close(const Connection& connection);

  Connection* find(int fd) const noexcept {
    return static_cast<std::size_t>(fd) < by_fd_.size() ? by_fd_[static_cast<std::size_t>(fd)].get() : nullptr;
  }
  std::size_t size() const noexcept { return size_; }
  // One past the highest descriptor number ever held.
  int end_fd() const noexcept { return static_cast<int>(by_fd_.size()); }

  // No more requests are to come: every connection delivers what has arrived, answers it, and ends.
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
