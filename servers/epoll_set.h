#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <span>

#include "net/descriptor.h"

namespace fanin::server {

// An epoll instance, with its calls counted. A descriptor leaves its interest list when it is closed. Owns the
// instance; any thread.
class EpollSet {
 public:
  // Throws std::system_error.
  EpollSet();

  // Watches a descriptor for `events`, with the descriptor in data.fd or `data` in data.ptr. False, and counted, if the
  // kernel has no room for it (memory, fs.epoll.max_user_watches).
  bool add(int fd, std::uint32_t events) noexcept { return add(fd, {.events = events, .data = {.fd = fd}}); }
  bool add(int fd, std::uint32_t events, void* data) noexcept {
    return add(fd, {.events = events, .data = {.ptr = data}});
  }
  // Changes the events of a registered descriptor. Throws std::system_error if it is not registered.
  void modify(int fd, std::uint32_t events) { modify(fd, {.events = events, .data = {.fd = fd}}); }
  void modify(int fd, std::uint32_t events, void* data) { modify(fd, {.events = events, .data = {.ptr = data}}); }
  void remove(int fd);

  // Waits at most `timeout_ms` (-1: no limit) for events and stores them in `room`. Empty after a signal.
  std::span<const epoll_event> wait(std::span<epoll_event> room, int timeout_ms) noexcept;

 private:
  bool add(int fd, epoll_event event) noexcept;
  void modify(int fd, epoll_event event);

  Descriptor epoll_;
};

}  // namespace fanin::server
