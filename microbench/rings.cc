#include "microbench/rings.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <stdexcept>

namespace fanin::microbench {

namespace {

constexpr unsigned char kFirstByte = 1;

}  // namespace

RingSockets::RingSockets(std::size_t tasks) {
  require_descriptors(2 * tasks);
  inputs_.reserve(tasks);
  outputs_.reserve(tasks);
  while (inputs_.size() < tasks) {
    int ends[2];
    net::check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
    inputs_.emplace_back(ends[0]);
    outputs_.emplace_back(ends[1]);
  }
}

bool RingSockets::send_to(std::size_t index, unsigned char byte) const noexcept {
  return ::send(outputs_[index].get(), &byte, 1, MSG_NOSIGNAL) == 1;
}

bool RingSockets::pass_on(std::size_t index) const noexcept {
  unsigned char byte = 0;
  if (::recv(inputs_[index].get(), &byte, 1, 0) != 1) {
    return false;
  }
  const std::size_t next = index + 1 < size() ? index + 1 : 0;
  return send_to(next, static_cast<unsigned char>(byte + 1));
}

void RingSockets::start_round() const {
  if (!send_to(1, kFirstByte)) {
    net::throw_errno("send");
  }
}

void RingSockets::finish_round() const {
  unsigned char byte = 0;
  if (::recv(inputs_[0].get(), &byte, 1, 0) != 1 || byte != static_cast<unsigned char>(kFirstByte + size() - 1)) {
    throw std::runtime_error("the byte has not been passed on by every task");
  }
}

void RingSockets::shut_down() const noexcept {
  for (const net::Descriptor& output : outputs_) {
    ::shutdown(output.get(), SHUT_WR);
  }
}

void IoOnlyRing::go_around(std::size_t rounds) const {
  for (; rounds > 0; --rounds) {
    sockets_.start_round();
    for (std::size_t task = 1; task < sockets_.size(); ++task) {
      if (!sockets_.pass_on(task)) {
        net::throw_errno("cannot pass on the byte");
      }
    }
    sockets_.finish_round();
  }
}

template <typename Flows>
EpollRing<Flows>::EpollRing(std::size_t tasks)
    : sockets_(tasks), epoll_(net::check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {
  for (std::size_t task = 0; task < tasks; ++task) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = task}};
    net::check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, sockets_.inputs()[task].get(), &event), "epoll_ctl");
    if (task > 0) {
      flows_.add([this, task] { broken_ |= !sockets_.pass_on(task); });
    }
  }
}

template <typename Flows>
void EpollRing<Flows>::go_around(std::size_t rounds) {
  std::array<epoll_event, 64> events{};
  for (; rounds > 0; --rounds) {
    sockets_.start_round();
    for (bool under_way = true; under_way && !broken_;) {
      const int ready =
          net::check(::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1), "epoll_wait");
      for (std::size_t i = 0; i < static_cast<std::size_t>(ready); ++i) {
        if (const std::size_t task = events[i].data.u64; task > 0) {
          flows_.resume(task - 1);
        } else {
          sockets_.finish_round();
          under_way = false;
        }
      }
    }
  }
  if (broken_) {
    throw std::runtime_error("a task cannot pass on the byte");
  }
}

template class EpollRing<Coroutines>;
template class EpollRing<Fibers>;

ThreadRing::ThreadRing(std::size_t tasks, CpuPair cpus) : sockets_(tasks) {
  try {
    threads_.reserve(tasks);
    for (std::size_t task = 1; task < tasks; ++task) {
      const CpuBinding binding(task % 2 == 0 ? cpus.first : cpus.second);  // the thread inherits it
      threads_.emplace_back([this, task] {
        while (sockets_.pass_on(task)) {
        }
      });
    }
  } catch (...) {
    end_threads();
    throw;
  }
}

ThreadRing::~ThreadRing() { end_threads(); }

void ThreadRing::end_threads() noexcept {
  sockets_.shut_down();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void ThreadRing::go_around(std::size_t rounds) const {
  for (; rounds > 0; --rounds) {
    sockets_.start_round();
    sockets_.finish_round();
  }
}

}  // namespace fanin::microbench
