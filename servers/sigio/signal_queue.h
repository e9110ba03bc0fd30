#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <span>

#include "net/descriptor.h"

namespace fanin::server {

// The kernel's queue of I/O signals, as a source of readiness events. An event is only a hint: its socket may have been
// closed since, the next socket may have its number, and one change may cause several. So the program tries the socket
// until EAGAIN, which is right in every case. Its own shutdown() causes no event. Owned by one thread, which gets the
// signals.
class SignalQueue {
 public:
  // Blocks the signals in the calling thread. `limit`: maximum of pending signals of all processes of this user; 0: the
  // limit of the system. Throws std::system_error.
  explicit SignalQueue(std::size_t limit);

  // Queues a signal with the descriptor for each later change of the socket's readiness, and makes it non-blocking.
  // Earlier readiness causes none: try the socket once. False, and counted, if the kernel has no room.
  bool watch(int fd) noexcept;

  struct Notices {
    std::span<const int> descriptors;  // until the next wait
    // The queue was full and signals are lost: check every socket.
    bool overflowed = false;
  };
  // Waits at most `timeout_ms` (-1: no limit). Empty after another signal.
  Notices wait(int timeout_ms) noexcept;

 private:
  static constexpr std::size_t kBatch = 128;

  pid_t thread_;
  net::Descriptor signals_;
  std::array<int, kBatch> descriptors_;
};

}  // namespace fanin::server
