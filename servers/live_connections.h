#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <unordered_set>

#include "net/clock.h"
#include "servers/connection.h"

namespace fanin::server {

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

  // Ends the reading side of all connections, waits until they are gone, and after `timeout` ends them altogether. What
  // is registered from then on is treated alike: a second call waits for that, within the same timeout.
  void drain(Nanoseconds timeout);

 private:
  void shutdown_all(int how);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_set<int> sockets_;
  std::optional<TimePoint> deadline_;
  std::optional<int> ended_;  // how the drain has shut sockets down so far, and shuts those that still come
};

// A connection of a model whose threads share the connections, registered for as long as it lives. One thread at a
// time.
struct LiveConnection {
  LiveConnection(Descriptor socket, const Server& server, LiveConnections& live)
      : connection(std::move(socket), server), guard(live, connection.fd()) {}

  Connection connection;
  LiveConnections::Guard guard;  // after the connection, so that it is forgotten before its number is free
};

}  // namespace fanin::server
