#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <span>

#include "net/descriptor.h"

namespace fanin::server {

// The kernel's set of interest, with its calls counted. A descriptor leaves the set when it is closed. Owns the epoll
// instance; any thread.
class EpollSet {
 public:
  // Throws std::system_error.
  EpollSet();

  // Watches a descriptor for `events`; the event carries its number in data.fd, or `data` in data.ptr. False, and
  // counted, where the kernel has no room for it (memory, fs.epoll.max_user_watches).
  bool add(int fd, std::uint32_t events) noexcept { return add(fd, {.events = events, .data = {.fd = fd}}); }
  bool add(int fd, std::uint32_t events, void* data) noexcept {
    return add(fd, {.events = events, .data = {.ptr = data}});
  }
  // Changes what a descriptor in the set is watched for. Throws std::system_error where it is not there.
  void modify(int fd, std::uint32_t events) { modify(fd, {.events = events, .data = {.fd = fd}}); }
  void modify(int fd, std::uint32_t events, void* data) { modify(fd, {.events = events, .data = {.ptr = data}}); }
  void remove(int fd);

  // Waits at most `timeout_ms` (-1: without end) for events, of which it puts as many as there are into `room`. None
  // where a signal came.
  std::span<const epoll_event> wait(std::span<epoll_event> room, int timeout_ms) noexcept;

 private:
  bool add(int fd, epoll_event event) noexcept;
  void modify(int fd, epoll_event event);

  Descriptor epoll_;
};

}  // namespace fanin::server
