#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <span>

#include "servers/connection_limit.h"
#include "servers/connection_table.h"
#include "servers/epoll_set.h"
#include "servers/mailbox.h"

namespace fanin::server {

// The events to watch a connection for.
using EpollInterest = std::uint32_t (*)(Connection::Next);
inline std::uint32_t level_triggered(Connection::Next next) {
  return next == Connection::Next::kWrite ? EPOLLOUT : EPOLLIN;
}
inline std::uint32_t edge_triggered(Connection::Next /*next*/) { return EPOLLIN | EPOLLOUT | EPOLLET; }

// The connections of one event loop, their epoll instance and their source: listeners, or a mailbox that another thread
// fills. The loop itself is the model's. Owned by one thread.
class EpollConnections {
 public:
  struct Setup {
    std::span<Listener> listeners;
    std::uint32_t listener_events = EPOLLIN;
    EpollInterest interest = level_triggered;
    Mailbox<Descriptor>* inbox = nullptr;
    // The connection limit shared with other loops; null: this loop has its own.
    ConnectionLimit* limit = nullptr;
    int worker = 0;
  };

  // Throws std::system_error.
  EpollConnections(const Server& server, const Setup& setup);

  // Waits for events, at most `timeout_ms`; after a stop at most a moment.
  std::span<const epoll_event> wait(int timeout_ms);
  std::span<const epoll_event> wait() { return wait(-1); }

  // The connection with this descriptor. Null if it is a listener's or the inbox's, whose waiting connections are
  // accepted now, or if an earlier event of the batch closed it.
  Connection* find_or_accept(int fd) {
    Connection* const connection = table_.find(fd);
    if (connection == nullptr) {
      accept_from(fd);
    }
    return connection;
  }

  // Watches the connection for its next event.
  void rearm(const Connection& connection) { set_.modify(connection.fd(), interest_(connection.next())); }
  void close(const Connection& connection);
  // Removes the connection from the interest list, and adds it again.
  void park(const Connection& connection) { set_.remove(connection.fd()); }
  void unpark(const Connection& connection);

  // Watches a descriptor of the model; find_or_accept() returns null for it.
  void watch(int fd) { check(set_.add(fd, EPOLLIN) ? 0 : -1, "epoll_ctl"); }

  // True after a stop once all connections have ended or the drain timeout has passed: the loop returns.
  bool drained() const noexcept { return table_.drained(); }

 private:
  void accept_from(int fd);
  void take_from_inbox();
  void adopt(Descriptor socket);

  ConnectionTable table_;
  EpollSet set_;
  std::array<epoll_event, 512> events_;
  std::span<Listener> listeners_;
  int accept_batch_;
  EpollInterest interest_;
  Mailbox<Descriptor>* inbox_;
  ConnectionLimit* limit_;
  int worker_;
};

}  // namespace fanin::server
