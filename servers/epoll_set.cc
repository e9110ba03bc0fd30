#include "servers/epoll_set.h"

#include "servers/counters.h"

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace fanin {
namespace {

// Whoever gets an event sees what was written before the descriptor was armed: the kernel's lock on the set orders them.
// GCC 12's ThreadSanitizer knows this of EPOLL_CTL_ADD alone, and reports a race in every connection that is re-armed
// by one thread and served next by another.
void arming([[maybe_unused]] EpollSet* set) noexcept {
#if defined(__SANITIZE_THREAD__)
  __tsan_release(set);
#endif
}

void woken([[maybe_unused]] EpollSet* set) noexcept {
#if defined(__SANITIZE_THREAD__)
  __tsan_acquire(set);
#endif
}

}  // namespace

EpollSet::EpollSet() : epoll_(check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {}

void EpollSet::remove(int fd) {
  count(Count::kCallEpollCtl);
  check(::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr), "epoll_ctl");
}

std::span<const epoll_event> EpollSet::wait(std::span<epoll_event> room, int timeout_ms) noexcept {
  const int ready = ::epoll_wait(epoll_.get(), room.data(), static_cast<int>(room.size()), timeout_ms);
  woken(this);
  count_wait(ready);
  return room.first(ready > 0 ? static_cast<std::size_t>(ready) : 0);
}

bool EpollSet::add(int fd, epoll_event event) noexcept {
  count(Count::kCallEpollCtl);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) < 0) {
    count(Count::kRefusedResources);
    return false;
  }
  return true;
}

void EpollSet::modify(int fd, epoll_event event) {
  arming(this);
  count(Count::kCallEpollCtl);
  check(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event), "epoll_ctl");
}

}  // namespace fanin
