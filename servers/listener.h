#pragma once

#include <cstddef>

#include "net/descriptor.h"
#include "net/socket.h"

namespace fanin::server {

// A listening socket together with the one accept policy that all models share. Owns the socket;
// accept() may be called from several threads.
class Listener {
 public:
  enum class Status {
    kConnection,  // `socket` is a new connection
    kNone,        // nobody is waiting (non-blocking listeners)
    kAgain,       // this attempt came to nothing and was counted; go on
    kStopped,     // the listener was shut down: drain
  };
  struct Accepted {
    Status status;
    Descriptor socket;
  };

  // `max_connections` 0 means no limit. Throws std::system_error where the address cannot be listened on.
  Listener(const Address& address, const ListenOptions& options, std::size_t max_connections);

  // Another listener on the same queue, for sockets that cannot share an address. Throws std::system_error.
  static Listener sharing(const Listener& other, bool nonblocking);

  int fd() const noexcept { return socket_.get(); }
  Address address() const { return Address::of_local_end(socket_.get()); }

  // The listener does not block from now on; `accepted` says whether the sockets that it accepts do.
  void set_nonblocking(Blocking accepted);
  // The sockets that it accepts do not block from now on, whether it blocks or not.
  void accept_nonblocking() noexcept { accept_flags_ |= SOCK_NONBLOCK; }
  void close() noexcept { socket_.reset(); }

  // Takes one connection. `open` is how many the caller serves already. A connection beyond the limit, or one for which
  // there is no descriptor, is taken and closed at once, so that it neither waits for ever nor wakes the server again
  // and again. Throws std::system_error where the listener itself is broken.
  Accepted accept(std::size_t open);

  // The same policy for an accept that the kernel has done already (completion I/O): `result` is a descriptor or a
  // negative errno. kNone means: wait until the listener, which must not block, is readable, and then call accept(). So
  // it is where descriptors have run out: asking for the next completion at once would fail at once.
  Accepted on_accepted(int result, std::size_t open);

 private:
  Listener(Descriptor socket, std::size_t max_connections)
      : socket_(std::move(socket)), max_connections_(max_connections) {}
  Accepted admit(Descriptor socket, std::size_t open);
  Accepted accept_without_descriptor(std::size_t open);

  Descriptor socket_;
  std::size_t max_connections_;
  int accept_flags_ = SOCK_CLOEXEC;
};

// Accepts what waits, at most `batch` connections, and hands each to `serve`. False once the listener was shut down.
// `open()` tells how many connections are being served.
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
