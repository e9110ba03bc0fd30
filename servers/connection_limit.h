#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>

namespace fanin::server {

// What --max-connections allows all workers of a server together, threads or forked processes: a count in memory that
// they share, touched when a connection begins and when it ends, and not at all without a limit. Made before the
// workers, outlives them; each worker uses its own number, from 0.
class ConnectionLimit {
 public:
  // `limit` 0 means none. Throws std::system_error.
  ConnectionLimit(std::size_t limit, int workers);

  // One more connection of this worker. False, and counted as refused, where the limit is reached: close it.
  bool enter(int worker) noexcept;
  void leave(int worker) noexcept;
  // The worker, a process, has died, and its connections with it.
  void forget(int worker) noexcept;

 private:
  struct Unmap {
    std::size_t words;
    void operator()(std::atomic<std::size_t>* counts) const noexcept;
  };

  std::size_t limit_;
  std::unique_ptr<std::atomic<std::size_t>[], Unmap> counts_;  // of all, then of each worker
};

}  // namespace fanin::server
