#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>

namespace fanin::server {

// The limit --max-connections of all workers of a server together, threads or forked processes: a count in shared
// memory, updated when a connection begins and ends, unused without a limit. Create it before the workers; it outlives
// them. Each worker has its own number, from 0.
class ConnectionLimit {
 public:
  // `limit` 0 means none. Throws std::system_error.
  ConnectionLimit(std::size_t limit, int workers);

  // Counts one more connection of this worker. False, and counted as refused, at the limit: close the connection.
  bool enter(int worker) noexcept;
  void leave(int worker) noexcept;
  // The worker process has died with all its connections.
  void forget(int worker) noexcept;

 private:
  struct Unmap {
    std::size_t words;
    void operator()(std::atomic<std::size_t>* counts) const noexcept;
  };

  std::size_t limit_;
  std::unique_ptr<std::atomic<std::size_t>[], Unmap> counts_;  // the sum, then one per worker
};

}  // namespace fanin::server
