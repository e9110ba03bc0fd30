#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <mutex>
#include <vector>

#include "net/descriptor.h"
#include "servers/counters.h"

namespace fanin::server {

// What other threads leave for an event loop, which hears of it through a descriptor. Never full: who puts in must be
// bounded by other means. Any thread puts, one takes.
template <typename Item>
class Mailbox {
 public:
  // Throws std::system_error.
  Mailbox() : event_(check(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {}

  // Readable while there is something to take.
  int fd() const noexcept { return event_.get(); }

  void put(Item item) {
    const std::lock_guard lock(mutex_);
    items_.push_back(std::move(item));
    if (items_.size() == 1) {
      ring();  // once for all that come before the loop looks
    }
  }

  // Nothing more will be put in.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    ring();
  }

  // Exchanges the contents for `items`, which must be empty. False when nothing more will come.
  bool take(std::vector<Item>& items) {
    std::uint64_t rings = 0;
    count(Count::kCallHandOver);
    (void)!::read(event_.get(), &rings, sizeof(rings));
    const std::lock_guard lock(mutex_);
    items_.swap(items);
    return !closed_;
  }

 private:
  void ring() {
    const std::uint64_t one = 1;
    count(Count::kCallHandOver);
    (void)!::write(event_.get(), &one, sizeof(one));
  }

  Descriptor event_;
  std::mutex mutex_;
  std::vector<Item> items_;
  bool closed_ = false;
};

}  // namespace fanin::server
