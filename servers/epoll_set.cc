#include "servers/epoll_set.h"

#include "servers/counters.h"

namespace fanin {

EpollSet::EpollSet() : epoll_(check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {}

void EpollSet::remove(int fd) {
  count(Count::kCallEpollCtl);
  check(::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr), "epoll_ctl");
}

std::span<const epoll_event> EpollSet::wait(std::span<epoll_event> room, int timeout_ms) noexcept {
  const int ready = ::epoll_wait(epoll_.get(), room.data(), static_cast<int>(room.size()), timeout_ms);
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
  check(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event), "epoll_ctl");
}

}  // namespace fanin
