#pragma once

#include <cstdint>
#include <unordered_set>

#include "servers/connection.h"
#include "servers/epoll_connections.h"

namespace fanin::server {

class WaitLoop;

// A flow of control suspended until a socket is ready: derived classes are a coroutine's and a fiber's. Registered with
// its loop during its life; close the socket right after it, or call unwatch() first. The loop's thread.
class Waiter {
 public:
  Waiter(WaitLoop& loop, int fd);
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // For a socket that outlives its waiter: removes it from the loop.
  void unwatch();

 protected:
  ~Waiter();

  // Calls wake() whenever the socket is ready for `next`, until the next call. False, and counted, if the kernel has no
  // room.
  bool watch(Connection::Next next);

 private:
  friend class WaitLoop;
  // Resumes the flow to its next wait or to its end, which may destroy this object.
  virtual void wake() = 0;

  WaitLoop& loop_;
  int fd_;
  std::uint32_t watched_ = 0;  // events registered with the kernel
};

// One thread's event loop for suspended flows: level-triggered epoll, each socket registered once and modified when its
// event changes. Borrows its waiters.
class WaitLoop {
 public:
  // Throws std::system_error.
  WaitLoop() = default;

  // Wakes waiters until none is left. After the drain timeout it shuts all sockets down.
  void run();

  // Stops reading: every socket delivers what has arrived, and then its end.
  void begin_drain() noexcept { shutdown_all(SHUT_RD); }

 private:
  friend class Waiter;
  void shutdown_all(int how) noexcept;

  EpollSet set_;
  std::unordered_set<Waiter*> waiters_;
};

}  // namespace fanin::server
