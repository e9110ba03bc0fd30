#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <mutex>
#include <vector>

#include "net/descriptor.h"
#include "servers/counters.h"

namespace fanin::server {

// A queue from other threads to an event loop, which watches its descriptor. Unbounded: producers must be bounded by
// other means. Any thread puts, one takes.
template <typename Item>
class Mailbox {
 public:
  // Throws std::system_error.
  Mailbox() : wakeup_fd_(check(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {}

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

  Descriptor wakeup_fd_;
  std::mutex mutex_;
  std::vector<Item> items_;
  bool closed_ = false;
};

}  // namespace fanin::server
