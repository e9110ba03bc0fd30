#include "servers/epoll_set.h"

#include "servers/counters.h"

#if defined(FANIN_TSAN)
#include <sanitizer/tsan_interface.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace fanin::server {
namespace {

// The thread that takes an event sees all writes from before the descriptor was armed, and may close it before the
// arming call returns: the kernel's lock of the epoll instance orders them, and the call holds the file.
// ThreadSanitizer does not know this of EPOLL_CTL_MOD and reports a race for every connection that moves between
// threads; so it gets the release explicitly and does not see the call.
int rearm([[maybe_unused]] EpollSet* set, int epoll, int fd, epoll_event* event) noexcept {
#if defined(FANIN_TSAN)
  __tsan_release(set);
  return static_cast<int>(::syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_MOD, fd, event));
#else
  return ::epoll_ctl(epoll, EPOLL_CTL_MOD, fd, event);
#endif
}

void woken([[maybe_unused]] EpollSet* set) noexcept {
#if defined(FANIN_TSAN)
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
  count(Count::kCallEpollCtl);
  check(rearm(this, epoll_.get(), fd, &event), "epoll_ctl");
}

}  // namespace fanin::server
