#pragma once

#include <atomic>
#include <coroutine>
#include <deque>
#include <memory>
#include <mutex>

#include "net/descriptor.h"
#include "servers/connection.h"
#include "servers/epoll_set.h"

namespace fanin::server {

// Coroutines spread over threads, as Go does it with goroutines: all threads share one epoll set, and each has a queue
// of coroutines that can go on. Who has nothing in its own takes from another's, and who finds nothing there either
// waits for events; it resumes the first and queues the others, where others can take them. A coroutine is in the set,
// in a queue, or running, and so never in two threads at a time. Borrows the coroutines: they end before the scheduler
// does. Any thread.
class Scheduler {
 public:
  // Throws std::system_error.
  explicit Scheduler(int workers);

  // The life of a worker, numbered from 0, in its thread: resumes coroutines until close().
  void work(int worker);

  // No coroutine is left: the workers go.
  void close();

 private:
  friend class ScheduledSocket;

  // A line of the cache for itself, so that those of other workers do not pass through it.
  struct alignas(64) RunQueue {
    std::mutex mutex;
    std::deque<std::coroutine_handle<>> runnable;
  };

  std::coroutine_handle<> next(int worker);
  std::coroutine_handle<> steal(int thief);
  std::coroutine_handle<> wait_for_events(RunQueue& own);
  void ring() noexcept;

  EpollSet set_;
  const int workers_;
  const std::unique_ptr<RunQueue[]> queues_;
  std::atomic<int> sleepers_{0};  // workers that wait for events, or are about to
  Descriptor bell_;               // an eventfd in the set: each ring wakes one of those who wait
  std::atomic<bool> closed_{false};
};

// A socket that a coroutine waits for: `if (!co_await socket.ready(next)) co_return;`. That coroutine's; lives until
// the socket is closed, which takes it out of the set.
class ScheduledSocket {
 public:
  ScheduledSocket(Scheduler& scheduler, int fd) : scheduler_(scheduler), fd_(fd) {}

  // Awaitable: suspends until the socket is ready for `next`; goes on in whatever thread is free then. False, at once,
  // where the kernel has no room to watch it, which was counted.
  auto ready(Connection::Next next) {
    struct Ready {
      ScheduledSocket& socket;
      Connection::Next next;

      bool await_ready() const noexcept { return false; }
      bool await_suspend(std::coroutine_handle<> coroutine) const { return socket.arm(next, coroutine); }
      bool await_resume() const noexcept { return socket.watched_; }
    };
    return Ready{*this, next};
  }

 private:
  // From the moment that the kernel knows, another thread may resume the coroutine and even end it, and this object
  // with it. False where it does not know.
  bool arm(Connection::Next next, std::coroutine_handle<> coroutine);

  Scheduler& scheduler_;
  int fd_;
  bool watched_ = false;
};

}  // namespace fanin::server
