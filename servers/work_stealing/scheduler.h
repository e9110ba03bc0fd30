#pragma once

#include <atomic>
#include <coroutine>
#include <deque>
#include <memory>
#include <mutex>

#include "net/descriptor.h"
#include "servers/connection.h"
#include "servers/epoll_connections.h"

namespace fanin::server {

// Coroutines spread over threads, as goroutines are in Go: all threads share one epoll instance, and each has a queue
// of runnable coroutines. A thread with an empty queue steals from another's, else it waits for events, resumes the
// first and queues the others. A coroutine is registered, queued or running, so never in two threads at a time. Borrows
// the coroutines: they end before the scheduler does. Any thread.
class Scheduler {
 public:
  // Throws std::system_error.
  explicit Scheduler(int workers);

  // The body of worker thread `worker`, from 0: resumes coroutines until close().
  void work(int worker);

  // No coroutine is left: the workers return.
  void close();

 private:
  friend class ScheduledSocket;

  // A cache line of its own, against false sharing.
  struct alignas(64) RunQueue {
    std::mutex mutex;
    std::deque<std::coroutine_handle<>> runnable;
  };

  std::coroutine_handle<> next(int worker);
  std::coroutine_handle<> steal(int thief);
  std::coroutine_handle<> wait_for_events(RunQueue& own);
  void notify() noexcept;

  EpollSet set_;
  const int workers_;
  const std::unique_ptr<RunQueue[]> queues_;
  std::atomic<int> sleepers_{0};  // workers that wait for events or are about to
  net::Descriptor wakeup_fd_;     // a registered eventfd: each write wakes one waiting worker
  std::atomic<bool> closed_{false};
};

// A socket that a coroutine waits for: `if (!co_await socket.ready(next)) co_return;`. Owned by that coroutine; lives
// until the socket is closed, which deregisters it.
class ScheduledSocket {
 public:
  ScheduledSocket(Scheduler& scheduler, int fd) : scheduler_(scheduler), fd_(fd) {}

  // Awaitable: suspends until the socket is ready for `next`; continues in any idle thread. False, at once, and
  // counted, if the kernel cannot watch it.
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
  // After registration another thread may resume and even end the coroutine, and destroy this object. False if the
  // registration failed.
  bool arm(Connection::Next next, std::coroutine_handle<> coroutine);

  Scheduler& scheduler_;
  int fd_;
  bool watched_ = false;
};

}  // namespace fanin::server
