#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <span>

#include "net/descriptor.h"
#include "servers/connection_table.h"
#include "servers/listener.h"
#include "servers/worker_threads.h"

namespace fanin::server {

// An epoll instance, with its calls counted. A descriptor leaves its interest list when it is closed. Owns the
// instance; any thread.
class EpollSet {
 public:
  // Throws std::system_error.
  EpollSet();

  // Watches a descriptor for `events`, with the descriptor in data.fd or `data` in data.ptr. False, and counted, if the
  // kernel has no room for it (memory, fs.epoll.max_user_watches).
  bool add(int fd, std::uint32_t events) noexcept { return add(fd, {.events = events, .data = {.fd = fd}}); }
  bool add(int fd, std::uint32_t events, void* data) noexcept {
    return add(fd, {.events = events, .data = {.ptr = data}});
  }
  // Changes the events of a registered descriptor. Throws std::system_error if it is not registered.
  void modify(int fd, std::uint32_t events) { modify(fd, {.events = events, .data = {.fd = fd}}); }
  void modify(int fd, std::uint32_t events, void* data) { modify(fd, {.events = events, .data = {.ptr = data}}); }
  void remove(int fd);

  // Waits at most `timeout_ms` (-1: no limit) for events and stores them in `room`. Empty after a signal.
  std::span<const epoll_event> wait(std::span<epoll_event> room, int timeout_ms) noexcept;

 private:
  bool add(int fd, epoll_event event) noexcept;
  void modify(int fd, epoll_event event);

  net::Descriptor epoll_;
};

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
    Mailbox<net::Descriptor>* inbox = nullptr;
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
  void watch(int fd) { net::check(set_.add(fd, EPOLLIN) ? 0 : -1, "epoll_ctl"); }

  // True after a stop once all connections have ended or the drain timeout has passed: the loop returns.
  bool drained() const noexcept { return table_.drained(); }

 private:
  void accept_from(int fd);
  void take_from_inbox();
  void adopt(net::Descriptor socket);

  ConnectionTable table_;
  EpollSet set_;
  std::array<epoll_event, 512> events_;
  std::span<Listener> listeners_;
  int accept_batch_;
  EpollInterest interest_;
  Mailbox<net::Descriptor>* inbox_;
  ConnectionLimit* limit_;
  int worker_;
};

// The loop of the model `epoll`: serves until drained. Models with several loops run one per thread or process.
void run_epoll_loop(EpollConnections& connections);

}  // namespace fanin::server
