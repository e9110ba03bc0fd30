#pragma once

#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

// The system calls of the hot path without glibc's wrappers. In a multi-threaded program these switch asynchronous
// cancellation on and off around each call, 5 % of a request's CPU time here. Semantics and errno are those of the
// calls.

namespace fanin::load {

inline ssize_t direct_recv(int fd, void* buffer, std::size_t size) noexcept {
  return ::syscall(SYS_recvfrom, fd, buffer, size, 0, nullptr, nullptr);
}

inline ssize_t direct_send(int fd, const void* data, std::size_t size, int flags) noexcept {
  return ::syscall(SYS_sendto, fd, data, size, flags, nullptr, 0);
}

// A null timeout waits indefinitely. Timeouts have nanosecond resolution, also before Linux 5.11 (no epoll_pwait2).
inline int direct_epoll_wait(int epoll, epoll_event* events, int size, const timespec* timeout) noexcept {
  const auto wait_whole = [&](int milliseconds) {
    return static_cast<int>(::syscall(SYS_epoll_pwait, epoll, events, size, milliseconds, nullptr, 0));
  };
  if (timeout == nullptr) {
    return wait_whole(-1);
  }
  if (timeout->tv_sec == 0 && timeout->tv_nsec == 0) {
    return wait_whole(0);
  }
  const auto count = static_cast<int>(::syscall(SYS_epoll_pwait2, epoll, events, size, timeout, nullptr, 0));
  if (count >= 0 || errno != ENOSYS) {
    return count;
  }
  pollfd ready{.fd = epoll, .events = POLLIN, .revents = 0};
  const int any = ::ppoll(&ready, 1, timeout, nullptr);
  return any > 0 ? wait_whole(0) : any;
}

}  // namespace fanin::load
