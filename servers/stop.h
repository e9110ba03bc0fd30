#pragma once

#include "net/clock.h"

namespace fanin::server {

// How SIGTERM and SIGINT reach a server of any model without a race: the signal handler shuts sockets down, so that
// whoever waits for one, blocking or not, is woken by the socket itself. A listener that was shut down fails accept()
// with EINVAL; a connection whose reading side was shut down delivers what has arrived and then the end of the stream,
// which is the ordinary way out. When the drain timeout has passed (SIGALRM) the connections are shut down for writing
// too, so that a peer that does not read holds nobody up. The state is of the process, because signals are; the
// functions may be called from any thread.
namespace stop {

// Installs the handlers. `drain_timeout` runs from the signal on. Throws std::system_error.
void install(Nanoseconds drain_timeout);

// Has the handler shut this listener down. At most 1024 descriptors can be watched. If the signal has already come it
// acts at once.
void watch_listener(int fd);
// Has the handler shut this connection's reading side down, and the whole of it when the drain timeout has passed,
// until the scope ends, which must be before the descriptor is closed.
class WatchConnection {
 public:
  explicit WatchConnection(int fd);
  WatchConnection(const WatchConnection&) = delete;
  WatchConnection& operator=(const WatchConnection&) = delete;
  ~WatchConnection();

 private:
  int fd_;
};
// For a forked child, which has its own to watch: forgets everything watched, and has its own drain timer where
// the stop was asked for already.
void begin_child() noexcept;

bool requested() noexcept;
Nanoseconds drain_timeout() noexcept;
bool timed_out() noexcept;

// For poll and its kin: -1 until the signal has come, then a time after which to look again.
int wait_timeout_ms() noexcept;

}  // namespace stop
}  // namespace fanin::server
