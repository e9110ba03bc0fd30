#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <unordered_set>

#include "net/clock.h"
#include "servers/connection.h"

namespace fanin::server {

// The sockets that blocking threads serve, so that a stop can reach them. Updated when a connection begins and ends,
// never per request. Any thread.
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

  // Shuts the reading side of all connections down, waits for their end, and after `timeout` shuts both sides down.
  // Sockets registered later are treated likewise: a second call waits for them, within the same timeout.
  void drain(Nanoseconds timeout);

 private:
  void shutdown_all(int how);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_set<int> sockets_;
  std::optional<TimePoint> deadline_;
  std::optional<int> ended_;  // the shutdown mode of the drain so far, applied to new sockets too
};

// A connection of a model whose threads share the connections, registered during its life. One thread at a time.
struct LiveConnection {
  LiveConnection(Descriptor socket, const Server& server, LiveConnections& live)
      : connection(std::move(socket), server), guard(live, connection.fd()) {}

  Connection connection;
  LiveConnections::Guard guard;  // after the connection, so that it is unregistered before close(2)
};

}  // namespace fanin::server
