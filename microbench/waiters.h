#pragma once

#include <poll.h>
#include <sys/epoll.h>
#include <sys/types.h>

#include <climits>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "net/descriptor.h"

namespace fanin::microbench {

// TCP connections over loopback whose client ends live in a child process, as they would at a server: this process
// then needs one descriptor per connection, so that a limit of 20,000 carries 10,000 connections.
// Owns the child and the server ends. One thread.
class Connections {
 public:
  // Opens `count` connections. Throws std::system_error.
  explicit Connections(std::size_t count);
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;
  // Ends the child, which resets its connections: a FIN for each would leave that many ports in TIME_WAIT.
  ~Connections();

  // The server ends; all stay open as long as this object lives.
  const std::vector<net::Descriptor>& descriptors() const noexcept { return server_ends_; }

  // Makes `count` of the server ends readable, spread evenly over the set, and the others not readable. Returns when
  // done. Throws std::system_error.
  void activate(std::size_t count);

 private:
  net::Descriptor command_;  // a socket to the child, which exits at its end of file
  pid_t child_ = -1;
  std::vector<net::Descriptor> server_ends_;
};

// The connections that the benchmarks share: opening 10,000 takes a while and each benchmark runs several times, so the
// last set is kept until another count is requested. Two sets may exceed the descriptor limit. Throws
// std::system_error, and std::runtime_error that names the required limit.
Connections& shared_connections(std::size_t count);
// For benchmarks that need the descriptors themselves.
void close_shared_connections();

// Three ways to wait for many descriptors, each with a server's scan of the result. The wait has no timeout, as in a
// server: with a timeout of zero the kernel does not add the caller to wait queues, which select and poll do for every
// descriptor up to the first ready one. Each borrows the descriptors, which must outlive it; one thread.

inline void ignore_index(std::size_t /*index*/) noexcept {}

// The system call of select(2) without glibc's fd_set, which ends at 1024: a bitmap of any length.
class SelectWaiter {
 public:
  explicit SelectWaiter(const std::vector<net::Descriptor>& descriptors);

  // Copies the master set (the call overwrites it), waits, finds the ready ones by testing one bit per descriptor up to
  // the last ready one. Calls `visit(index)` for each. Returns how many were found. Throws std::system_error.
  template <typename Visit>
  std::size_t wait_and_visit(Visit visit) {
    const auto ready = static_cast<std::size_t>(wait());
    std::size_t found = 0;
    for (std::size_t index = 0; found < ready && index < descriptors_.size(); ++index) {
      if (test_ready(descriptors_[index])) {
        ++found;
        visit(index);
      }
    }
    return found;
  }
  std::size_t wait_and_scan() { return wait_and_visit(ignore_index); }

 private:
  static constexpr std::size_t kWordBits = sizeof(unsigned long) * CHAR_BIT;

  int wait();
  bool test_ready(int fd) const noexcept {
    const auto place = static_cast<std::size_t>(fd);
    return (ready_[place / kWordBits] >> (place % kWordBits) & 1UL) != 0;
  }

  std::vector<int> descriptors_;
  std::vector<unsigned long> master_;
  std::vector<unsigned long> ready_;
  int limit_ = 0;  // highest descriptor + 1
};

class PollWaiter {
 public:
  explicit PollWaiter(const std::vector<net::Descriptor>& descriptors);

  // Waits, then walks the array up to the last ready one. Calls `visit(index)` for each ready one. Returns how many
  // were found. Throws std::system_error.
  template <typename Visit>
  std::size_t wait_and_visit(Visit visit) {
    const auto ready = static_cast<std::size_t>(net::check(::poll(set_.data(), set_.size(), -1), "poll"));
    std::size_t found = 0;
    for (std::size_t index = 0; found < ready && index < set_.size(); ++index) {
      if ((set_[index].revents & POLLIN) != 0) {
        ++found;
        visit(index);
      }
    }
    return found;
  }
  std::size_t wait_and_scan() { return wait_and_visit(ignore_index); }

 private:
  std::vector<pollfd> set_;
};

// Level-triggered epoll, every descriptor registered once.
class EpollWaiter {
 public:
  explicit EpollWaiter(const std::vector<net::Descriptor>& descriptors);

  // Waits for up to 1024 events and walks them. Calls `visit(index)` for each readable one. Returns how many were.
  // Throws std::system_error.
  template <typename Visit>
  std::size_t wait_and_visit(Visit visit) {
    const int ready =
        net::check(::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), -1), "epoll_wait");
    std::size_t found = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(ready); ++i) {
      if ((events_[i].events & EPOLLIN) != 0) {
        ++found;
        visit(events_[i].data.u64);
      }
    }
    return found;
  }
  std::size_t wait_and_scan() { return wait_and_visit(ignore_index); }

 private:
  net::Descriptor epoll_;
  std::vector<epoll_event> events_;
};

}  // namespace fanin::microbench
