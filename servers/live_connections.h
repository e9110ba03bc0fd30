#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <unordered_set>

#include "net/clock.h"

namespace fanin {

// The sockets that blocking threads are serving, so that a stop can reach them. Touched once when a connection begins
// and once when it ends, never per request. Any thread.
class LiveConnections {
 public:
  // Registers a socket for the life of the object.
  class Guard {
   public:
    Guard(LiveConnections& live, int fd);
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard();

   private:
    LiveConnections& live_;
    int fd_;
  };

  std::size_t size() const;

  // Ends the reading side of all connections, waits until they are gone, and after `grace` ends them altogether.
  void drain(Nanoseconds grace);

 private:
  void shutdown_all(int how);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_set<int> sockets_;
  bool draining_ = false;
};

}  // namespace fanin
