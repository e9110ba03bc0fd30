#pragma once

#include <poll.h>
#include <sys/epoll.h>

#include <cstddef>
#include <vector>

#include "net/descriptor.h"

// Three ways to wait for many descriptors, each with a server's scan of the result. The wait has no timeout, as in a
// server: with a timeout of zero the kernel does not add the caller to wait queues, which select and poll do for every
// descriptor up to the first ready one. Each borrows the descriptors, which must outlive it; one thread.

namespace fanin::microbench {

// The system call of select(2) without glibc's fd_set, which ends at 1024: a bitmap of any length.
class SelectWaiter {
 public:
  explicit SelectWaiter(const std::vector<Descriptor>& descriptors);

  // Copies the master set (the call overwrites it), waits, finds the ready ones by testing one bit per descriptor up to
  // the last ready one. Returns how many were found. Throws std::system_error.
  std::size_t wait_and_scan();

 private:
  std::vector<int> descriptors_;
  std::vector<unsigned long> master_;
  std::vector<unsigned long> ready_;
  int limit_ = 0;  // highest descriptor + 1
};

class PollWaiter {
 public:
  explicit PollWaiter(const std::vector<Descriptor>& descriptors);

  // Waits, then walks the array up to the last ready one. Returns how many were found. Throws std::system_error.
  std::size_t wait_and_scan();

 private:
  std::vector<pollfd> set_;
};

// Level-triggered epoll, every descriptor registered once.
class EpollWaiter {
 public:
  explicit EpollWaiter(const std::vector<Descriptor>& descriptors);

  // Waits for up to 1024 events and walks them. Returns how many were readable. Throws std::system_error.
  std::size_t wait_and_scan();

 private:
  Descriptor epoll_;
  std::vector<epoll_event> events_;
};

}  // namespace fanin::microbench
