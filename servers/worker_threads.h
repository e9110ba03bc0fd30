#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include "net/descriptor.h"
#include "servers/counters.h"

namespace fanin::server {

// A bounded FIFO from threads that accept or read to threads that work. When it is full, the producer fails or waits,
// so further input stays in the kernel. Any thread.
template <typename Item>
class HandOffQueue {
 public:
  explicit HandOffQueue(std::size_t limit) : limit_(limit) {}

  // Waits for room. False if the queue is closed; the item is dropped.
  bool push(Item item) {
    std::unique_lock lock(mutex_);
    if (items_.size() >= limit_) {
      count(Count::kQueueFull);
      room_.wait(lock, [this] { return closed_ || items_.size() < limit_; });
    }
    return append(std::move(item));
  }

  // False if the queue is full or closed; the item is untouched.
  bool try_push(Item& item) {
    const std::lock_guard lock(mutex_);
    if (items_.size() >= limit_) {
      count(Count::kQueueFull);
      return false;
    }
    return append(std::move(item));
  }

  // Waits for an item. None once the queue is closed.
  std::optional<Item> pop() {
    std::unique_lock lock(mutex_);
    some_.wait(lock, [this] { return closed_ || !items_.empty(); });
    if (closed_) {
      return std::nullopt;
    }
    std::optional<Item> item(std::move(items_.front()));
    items_.pop_front();
    room_.notify_one();
    return item;
  }

  // Wakes all waiters and drops the queued items.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    room_.notify_all();
    some_.notify_all();
  }

 private:
  bool append(Item&& item) {
    if (closed_) {
      return false;
    }
    items_.push_back(std::move(item));
    count(Count::kHandedOver);
    some_.notify_one();
    return true;
  }

  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable some_;
  std::deque<Item> items_;
  bool closed_ = false;
};

// A queue from other threads to an event loop, which watches its descriptor. Unbounded: producers must be bounded by
// other means. Any thread puts, one takes.
template <typename Item>
class Mailbox {
 public:
  // Throws std::system_error.
  Mailbox() : wakeup_fd_(net::check(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {}

  // Readable while items wait.
  int fd() const noexcept { return wakeup_fd_.get(); }

  void put(Item item) {
    const std::lock_guard lock(mutex_);
    items_.push_back(std::move(item));
    if (items_.size() == 1) {
      notify();  // once per batch
    }
  }

  // No more items will be put.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    notify();
  }

  // Swaps the contents into `items`, which must be empty. False once closed.
  bool take(std::vector<Item>& items) {
    std::uint64_t notices = 0;
    count(Count::kCallHandOver);
    (void)!::read(wakeup_fd_.get(), &notices, sizeof(notices));
    const std::lock_guard lock(mutex_);
    items_.swap(items);
    return !closed_;
  }

 private:
  void notify() {
    const std::uint64_t one = 1;
    count(Count::kCallHandOver);
    (void)!::write(wakeup_fd_.get(), &one, sizeof(one));
  }

  net::Descriptor wakeup_fd_;
  std::mutex mutex_;
  std::vector<Item> items_;
  bool closed_ = false;
};

// Pre-spawned threads with the same body. Owned by the thread that makes them.
class WorkerThreads {
 public:
  // Starts `count` threads. Each runs `body(its number)`, from 0, and publishes its counts. None begins before all
  // exist. Throws std::system_error if one cannot be created.
  WorkerThreads(int count, std::function<void(int)> body);
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;
  // Waits for the end of all threads: ask them to end before.
  ~WorkerThreads();

 private:
  enum class Gate { kClosed, kOpen, kGoHome };

  void open_gate(Gate gate) noexcept;

  std::function<void(int)> body_;
  std::atomic<Gate> gate_{Gate::kClosed};
  std::vector<std::thread> threads_;
};

inline WorkerThreads::WorkerThreads(int count, std::function<void(int)> body) : body_(std::move(body)) {
  try {
    for (int number = 0; number < count; ++number) {
      server::count(Count::kCallThreadCreate);
      threads_.emplace_back([this, number] {
        gate_.wait(Gate::kClosed);
        if (gate_.load() == Gate::kOpen) {
          const PublishCounts publish;
          body_(number);
        }
      });
    }
  } catch (const std::system_error& error) {
    open_gate(Gate::kGoHome);
    throw std::system_error(error.code(), "cannot start all worker threads");
  }
  open_gate(Gate::kOpen);
}

inline WorkerThreads::~WorkerThreads() {
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

inline void WorkerThreads::open_gate(Gate gate) noexcept {
  gate_.store(gate);
  gate_.notify_all();
}

}  // namespace fanin::server
