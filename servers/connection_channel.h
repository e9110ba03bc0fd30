#pragma once

#include "net/descriptor.h"
#include "servers/listener.h"

namespace fanin::server {

// A pair of Unix sockets over which a parent process passes connections to its workers. All workers wait on the same
// end, so the kernel gives each connection to an idle one; in the other direction workers report that they are idle.
// Create it before forking: each worker inherits both ends.
class ConnectionChannel {
 public:
  // Throws std::system_error.
  ConnectionChannel();

  // The parent's end: readable when a worker is idle.
  int free_notice() const noexcept { return parent_.get(); }
  // Passes a connection to an idle worker, after free_notice(), and closes the parent's copy. With no idle worker it
  // waits in the channel.
  void give(Descriptor socket);
  // Wakes the workers: take() returns kStopped once the channel is empty.
  void close() noexcept;

  // The worker's end: reports idle and waits for a connection. kAgain after a signal.
  Listener::Accepted take();

 private:
  Descriptor parent_;
  Descriptor workers_;
};

}  // namespace fanin::server
