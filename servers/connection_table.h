#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_set>
#include <vector>

#include "net/clock.h"
#include "servers/connection.h"

namespace fanin::server {

// The connections of one event loop, indexed by descriptor. Owns them; one thread.
class ConnectionTable {
 public:
  explicit ConnectionTable(const Server& server) : server_(server) {}

  // Takes the socket and starts its protocol. Null if the connection ended at once (greeting sent).
  Connection* open(net::Descriptor socket);
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
  void drain(net::Nanoseconds timeout);

 private:
  void shutdown_all(int how);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_set<int> sockets_;
  std::optional<net::TimePoint> deadline_;
  std::optional<int> ended_;  // the shutdown mode of the drain so far, applied to new sockets too
};

// A connection of a model whose threads share the connections, registered during its life. One thread at a time.
struct LiveConnection {
  LiveConnection(net::Descriptor socket, const Server& server, LiveConnections& live)
      : connection(std::move(socket), server), guard(live, connection.fd()) {}

  Connection connection;
  LiveConnections::Guard guard;  // after the connection, so that it is unregistered before close(2)
};

// A value for each descriptor, default at first. Grows up to the highest descriptor used. One thread.
template <typename Value>
class DescriptorTable {
 public:
  // Invalidates references to other values.
  typename std::vector<Value>::reference operator[](int fd) {
    const auto index = static_cast<std::size_t>(fd);
    if (index >= values_.size()) {
      values_.resize(index + 1);
    }
    return values_[index];
  }

 private:
  std::vector<Value> values_;
};

// Descriptors to try in the loop's next round, each once however often it is marked. One thread.
class ReadyList {
 public:
  bool empty() const noexcept { return ready_.empty(); }
  bool is_marked(int fd) { return is_marked_[fd]; }

  void mark(int fd) {
    if (!is_marked_[fd]) {
      is_marked_[fd] = true;
      ready_.push_back(fd);
    }
  }

  // Calls `attempt(fd)` for the descriptors marked so far; those that it marks follow in the next round.
  template <typename Attempt>
  void try_marked(Attempt attempt) {
    round_.swap(ready_);
    for (const int fd : round_) {
      is_marked_[fd] = false;
      attempt(fd);
    }
    round_.clear();
  }

 private:
  std::vector<int> ready_;
  std::vector<int> round_;
  DescriptorTable<bool> is_marked_;
};

}  // namespace fanin::server
