#pragma once

#include "net/descriptor.h"
#include "servers/listener.h"

namespace fanin::server {

// Through which a parent process passes connections to its workers: a pair of Unix sockets. All workers wait on the
// same end, so that the kernel gives each connection to one that is free; the other way they say that they are. Made
// before the workers are forked, by which each of them gets both ends.
class ConnectionChannel {
 public:
  // Throws std::system_error.
  ConnectionChannel();

  // The parent's: readable when a worker is free.
  int free_notice() const noexcept { return parent_.get(); }
  // Passes a connection to a worker that is free, after free_notice(); the parent's copy is closed. Without one it
  // waits in the channel.
  void give(Descriptor socket);
  // Wakes the workers: kStopped, after what is still in the channel.
  void close() noexcept;

  // The worker's: says that it is free and waits for a connection. kAgain where a signal came in between.
  Listener::Accepted take();

 private:
  Descriptor parent_;
  Descriptor workers_;
};

}  // namespace fanin::server
