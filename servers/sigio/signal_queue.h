#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <span>

#include "net/descriptor.h"

namespace fanin::server {

// The kernel's queue of I/O signals, as a source of readiness notices. A notice is a hint and no more: it may be for a
// socket that has been closed since, or for the next one with its number, and there may be several for one change. So
// whoever gets it tries the socket until that would block, which is right in every case. What the program does to a
// socket itself (shutdown) makes none. Owned by one thread, which the signals go to.
class SignalQueue {
 public:
  // Blocks the signals in the calling thread. `limit`: how many signals may be pending, of all processes of this user
  // together; 0 for as many as the system allows. Throws std::system_error.
  explicit SignalQueue(std::size_t limit);

  // From now on each change of the socket's readiness queues a signal with its number; the socket does not block. What
  // it was ready for before makes none: try it once. False, and counted, where the kernel has no room for it.
  bool watch(int fd) noexcept;

  struct Notices {
    std::span<const int> descriptors;  // until the next wait
    // The queue was full and notices are lost: look at every socket.
    bool overflowed = false;
  };
  // Waits at most `timeout_ms` (-1: without end) for notices. None where another signal came.
  Notices wait(int timeout_ms) noexcept;

 private:
  static constexpr std::size_t kBatch = 128;

  pid_t thread_;
  Descriptor signals_;
  std::array<int, kBatch> descriptors_;
};

}  // namespace fanin::server
