#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>

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

}  // namespace fanin::server
