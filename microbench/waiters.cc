#include "microbench/waiters.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

namespace fanin::microbench {
namespace {

constexpr std::size_t kWordBits = sizeof(unsigned long) * CHAR_BIT;

bool test_bit(const std::vector<unsigned long>& words, int fd) {
  const auto place = static_cast<std::size_t>(fd);
  return (words[place / kWordBits] >> (place % kWordBits) & 1UL) != 0;
}

}  // namespace

SelectWaiter::SelectWaiter(const std::vector<Descriptor>& descriptors) {
  for (const Descriptor& descriptor : descriptors) {
    descriptors_.push_back(descriptor.get());
    limit_ = std::max(limit_, descriptor.get() + 1);
  }
  master_.resize((static_cast<std::size_t>(limit_) + kWordBits - 1) / kWordBits);
  ready_.resize(master_.size());
  for (const int fd : descriptors_) {
    const auto place = static_cast<std::size_t>(fd);
    master_[place / kWordBits] |= 1UL << (place % kWordBits);
  }
}

std::size_t SelectWaiter::wait_and_scan() {
  std::copy(master_.begin(), master_.end(), ready_.begin());
  const long ready =
      check(::syscall(SYS_pselect6, limit_, ready_.data(), nullptr, nullptr, nullptr, nullptr), "select");
  std::size_t found = 0;
  for (const int fd : descriptors_) {
    if (test_bit(ready_, fd) && ++found == static_cast<std::size_t>(ready)) {
      break;
    }
  }
  return found;
}

PollWaiter::PollWaiter(const std::vector<Descriptor>& descriptors) {
  for (const Descriptor& descriptor : descriptors) {
    set_.push_back(pollfd{descriptor.get(), POLLIN, 0});
  }
}

std::size_t PollWaiter::wait_and_scan() {
  const int ready = check(::poll(set_.data(), set_.size(), -1), "poll");
  std::size_t found = 0;
  for (const pollfd& one : set_) {
    if ((one.revents & POLLIN) != 0 && ++found == static_cast<std::size_t>(ready)) {
      break;
    }
  }
  return found;
}

EpollWaiter::EpollWaiter(const std::vector<Descriptor>& descriptors)
    : epoll_(check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")), events_(1024) {
  for (const Descriptor& descriptor : descriptors) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = descriptor.get()}};
    check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor.get(), &event), "epoll_ctl");
  }
}

std::size_t EpollWaiter::wait_and_scan() {
  const int ready =
      check(::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), -1), "epoll_wait");
  std::size_t found = 0;
  for (int i = 0; i < ready; ++i) {
    if ((events_[static_cast<std::size_t>(i)].events & EPOLLIN) != 0) {
      ++found;
    }
  }
  return found;
}

}  // namespace fanin::microbench
