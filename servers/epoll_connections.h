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

// What a connection is to be watched for, by what it waits for.
using EpollInterest = std::uint32_t (*)(Connection::Next);
inline std::uint32_t level_triggered(Connection::Next next) {
  return next == Connection::Next::kWrite ? EPOLLOUT : EPOLLIN;
}
inline std::uint32_t edge_triggered(Connection::Next /*next*/) { return EPOLLIN | EPOLLOUT | EPOLLET; }

// The connections of one event loop, the set that they are watched in, and where they come from: listeners, or a
// mailbox that another thread puts them into. The loop itself is the model's. Owned by one thread.
class EpollConnections {
 public:
  struct Setup {
    std::span<Listener> listeners;
    std::uint32_t listener_events = EPOLLIN;
    EpollInterest interest = level_triggered;
    Mailbox<Descriptor>* inbox = nullptr;
    // Where several loops share the limit of connections; without it this loop keeps it alone.
    ConnectionLimit* limit = nullptr;
    int worker = 0;
  };

  // Throws std::system_error.
  EpollConnections(const Server& server, const Setup& setup);

  // Waits for events, no longer than `timeout_ms`, and after a stop for a moment only.
  std::span<const epoll_event> wait(int timeout_ms);
  std::span<const epoll_event> wait() { return wait(-1); }

  // The connection with this descriptor. Null where it is no connection's but of a listener or of the inbox, from which
  // the connections that wait have now been taken, or where it was closed while the same events were dealt with.
  Connection* find_or_accept(int fd) {
    Connection* const connection = table_.find(fd);
    if (connection == nullptr) {
      accept_from(fd);
    }
    return connection;
  }

  // Watches the connection for what it waits for now.
  void rearm(const Connection& connection) { set_.modify(connection.fd(), interest_(connection.next())); }
  void close(const Connection& connection);
  // Takes the connection out of the set, and back.
  void park(const Connection& connection) { set_.remove(connection.fd()); }
  void unpark(const Connection& connection);

  // A descriptor of the model's own; find_or_accept() gives null for it.
  void watch(int fd) { check(set_.add(fd, EPOLLIN) ? 0 : -1, "epoll_ctl"); }

  // True when a stop was asked for and all connections have ended or the drain timeout has passed: the loop returns.
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
