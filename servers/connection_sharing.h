#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>

#include "net/descriptor.h"

namespace fanin::server {

// A pair of Unix sockets over which a parent process passes connections to its workers. All workers wait on the same
// end, so the kernel gives each connection to an idle one; in the other direction workers report that they are idle.
// Create it before forking: each worker inherits both ends.
class ConnectionChannel {
 public:
  // Throws std::system_error.
  ConnectionChannel();

  // The parent's end: readable when a worker is idle.
  int free_notice() const noexcept { return parent_.get(); }
  // Passes a connection to an idle worker, after free_notice(), and closes the parent's copy. With no idle worker it
  // waits in the channel.
  void give(Descriptor socket);
  // Wakes the workers: take() returns nothing once the channel is empty.
  void close() noexcept;

  // The worker's end: reports idle and waits for a connection. None after the stop.
  Descriptor take();

 private:
  Descriptor parent_;
  Descriptor workers_;
};

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
