#pragma once

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <ctime>

// The system calls of the hot path without glibc's wrappers, which in a program of several threads switch asynchronous
// cancellation on and off around each of them: 5 % of a request's CPU time here, for a feature that nobody uses.
// Semantics and errno are those of the calls they are named after.

namespace fanin {

inline ssize_t direct_recv(int fd, void* buffer, std::size_t size) noexcept {
  return ::syscall(SYS_recvfrom, fd, buffer, size, 0, nullptr, nullptr);
}

inline ssize_t direct_send(int fd, const void* data, std::size_t size, int flags) noexcept {
  return ::syscall(SYS_sendto, fd, data, size, flags, nullptr, 0);
}

// A null timeout waits for as long as it takes.
inline int direct_epoll_wait(int epoll, epoll_event* events, int size, const timespec* timeout) noexcept {
  return static_cast<int>(::syscall(SYS_epoll_pwait2, epoll, events, size, timeout, nullptr, 0));
}

}  // namespace fanin
