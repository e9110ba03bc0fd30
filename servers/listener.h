#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "net/descriptor.h"
#include "net/socket.h"

namespace fanin::server {

// A listening socket with the accept policy of all models. Owns the socket; accept() may be called from several
// threads.
class Listener {
 public:
  enum class Status {
    kConnection,  // `socket` is a new connection
    kNone,        // no connection waits (non-blocking listeners)
    kAgain,       // this attempt failed and was counted; try again
    kStopped,     // the listener was shut down: drain
  };
  struct Accepted {
    Status status;
    net::Descriptor socket;
  };

  // `max_connections` 0 means no limit. Throws std::system_error if listening fails.
  Listener(const net::Address& address, const net::ListenOptions& options, std::size_t max_connections);

  // Another listener on the same accept queue, for sockets that cannot share an address. Throws std::system_error.
  static Listener sharing(const Listener& other, bool nonblocking);

  int fd() const noexcept { return socket_.get(); }
  net::Address address() const { return net::Address::of_local_end(socket_.get()); }

  // Makes the listener non-blocking; `accepted` selects the mode of accepted sockets.
  void set_nonblocking(net::Blocking accepted);
  // Accepted sockets are non-blocking from now on; the listener's own mode stays.
  void accept_nonblocking() noexcept { accept_flags_ |= SOCK_NONBLOCK; }
  void close() noexcept { socket_.reset(); }

  // Accepts one connection. `open` is the number of connections of the caller. Connections beyond the limit or without
  // a descriptor are accepted and closed at once, so that they neither wait for ever nor keep the listener ready.
  // Throws std::system_error if the listener is broken.
  Accepted accept(std::size_t open);

  // The same policy for an accept done by the kernel (completion I/O): `result` is a descriptor or a negative errno.
  // kNone: wait until the listener, which must be non-blocking, is readable, then call accept(). Out of descriptors
  // another asynchronous accept would fail at once.
  Accepted on_accepted(int result, std::size_t open);

 private:
  Listener(net::Descriptor socket, std::size_t max_connections)
      : socket_(std::move(socket)), max_connections_(max_connections) {}
  Accepted admit(net::Descriptor socket, std::size_t open);
  Accepted accept_without_descriptor(std::size_t open);

  net::Descriptor socket_;
  std::size_t max_connections_;
  int accept_flags_ = SOCK_CLOEXEC;
};

// The limit --max-connections of all workers of a server together, threads or forked processes: a count in shared
// memory, updated when a connection begins and ends, unused without a limit. Create it before the workers; it outlives
// them. Each worker has its own number, from 0.
class ConnectionLimit {
 public:
  // `limit` 0 means none. Throws std::system_error.
  ConnectionLimit(std::size_t limit, int workers);

  // Counts one more connection of this worker, without a limit too (count_taken). False, and counted as refused, at the
  // limit: close the connection.
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

// Accepts at most `batch` waiting connections and passes each to `serve`. False once the listener was shut down.
// `open()` returns the number of connections being served.
template <typename Open, typename Serve>
bool accept_batch(Listener& listener, int batch, Open open, Serve serve) {
  for (int i = 0; i < batch; ++i) {
    Listener::Accepted accepted = listener.accept(open());
    switch (accepted.status) {
      case Listener::Status::kConnection:
        serve(std::move(accepted.socket));
        break;
      case Listener::Status::kAgain:
        break;
      case Listener::Status::kNone:
        return true;
      case Listener::Status::kStopped:
        return false;
    }
  }
  return true;
}

}  // namespace fanin::server
