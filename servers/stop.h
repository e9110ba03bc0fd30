#pragma once

#include "net/clock.h"

namespace fanin::server {

// How SIGTERM and SIGINT stop a server of any model without a race: the signal handler shuts sockets down, so the
// socket itself wakes a thread that waits for it, blocking or not. accept() on a shut down listener fails with EINVAL;
// a connection with SHUT_RD delivers what has arrived and then the end of the stream, as usual. After the drain timeout
// (SIGALRM) both sides are shut down, so that a peer that does not read delays nothing. The state belongs to the
// process, as signals do; any thread may call the functions.
namespace stop {

// Installs the handlers. `drain_timeout` starts with the signal. Throws std::system_error.
void install(net::Nanoseconds drain_timeout);

// Makes the handler shut this listener down, at once if the signal has already arrived. At most 1024 descriptors.
void watch_listener(int fd);
// Makes the handler shut this connection's reading side down, and both sides after the drain timeout, until the scope
// ends. End it before the descriptor is closed.
class WatchConnection {
 public:
  explicit WatchConnection(int fd);
  WatchConnection(const WatchConnection&) = delete;
  WatchConnection& operator=(const WatchConnection&) = delete;
  ~WatchConnection();

 private:
  int fd_;
};
// For a forked child: forgets all watched descriptors, and restarts the drain timer if the stop has begun.
void begin_child() noexcept;

bool requested() noexcept;
net::Nanoseconds drain_timeout() noexcept;
bool timed_out() noexcept;

// For poll and the like: -1 until the signal, then the interval of checks.
int wait_timeout_ms() noexcept;

}  // namespace stop
}  // namespace fanin::server
