#pragma once

#include <cstdint>
#include <unordered_set>

#include "servers/connection.h"
#include "servers/epoll_set.h"

namespace fanin::server {

class WaitLoop;

// A flow of control that is suspended until a socket is ready: a coroutine or a fiber, made the rest of by a derived
// class. Registered with its loop for as long as it lives; the socket is closed right after, or unwatch()ed before. The
// loop's thread.
class Waiter {
 public:
  Waiter(WaitLoop& loop, int fd);
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // For a socket that is not closed when its waiter goes: takes it out of the loop.
  void unwatch();

 protected:
  ~Waiter();

  // Has the loop call wake() whenever the socket is ready for `next`, until it is told otherwise. False where the
  // kernel has no room for it, which was counted.
  bool watch(Connection::Next next);

 private:
  friend class WaitLoop;
  // Lets the flow run until it waits again, or to its end, which may destroy this object.
  virtual void wake() = 0;

  WaitLoop& loop_;
  int fd_;
  std::uint32_t watched_ = 0;  // what the kernel was told
};

// One thread's event loop under suspended flows of control: level-triggered epoll, each socket registered once, changed
// when what is waited for changes. Borrows its waiters.
class WaitLoop {
 public:
  // Throws std::system_error.
  WaitLoop() = default;

  // Wakes waiters until none is left. When the drain timeout has passed all sockets are shut down.
  void run();

  // No more requests are to come: every waiter's socket delivers what has arrived, and then its end.
  void begin_drain() noexcept { shutdown_all(SHUT_RD); }

 private:
  friend class Waiter;
  void shutdown_all(int how) noexcept;

  EpollSet set_;
  std::unordered_set<Waiter*> waiters_;
};

}  // namespace fanin::server
