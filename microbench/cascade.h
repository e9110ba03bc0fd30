#pragma once

#include <poll.h>

#include <cstddef>
#include <stdexcept>
#include <vector>

#include "microbench/rings.h"

namespace fanin::microbench {

// libevent's benchmark (test/bench.c): `active` bytes travel around a ring of `count` socket pairs. Each event is
// received and passed on to the next socket, so that all waits have the same number of events, at other sockets. One
// thread. `Waiter`: one of waiters.h.
template <typename Waiter>
class Cascade {
 public:
  // Throws std::system_error, and std::runtime_error if there are too few descriptors.
  Cascade(std::size_t count, std::size_t active) : sockets_(count), waiter_(sockets_.inputs()) {
    for (std::size_t i = 0; i < active; ++i) {
      require_passed(sockets_.send_to(i * count / active));
    }
  }

  // Waits, and passes on every event. Returns their number. Throws std::system_error.
  std::size_t wait_once() {
    bool passed = true;
    const std::size_t found =
        waiter_.wait_and_visit([this, &passed](std::size_t index) { passed &= sockets_.pass_on(index); });
    require_passed(passed);
    return found;
  }

  // The sockets that have a byte.
  std::vector<std::size_t> find_waiting() const {
    std::vector<std::size_t> waiting;
    for (std::size_t index = 0; index < sockets_.size(); ++index) {
      pollfd one{sockets_.inputs()[index].get(), POLLIN, 0};
      if (::poll(&one, 1, 0) == 1) {
        waiting.push_back(index);
      }
    }
    return waiting;
  }

 private:
  static void require_passed(bool passed) {
    if (!passed) {
      throw std::runtime_error("an event cannot be passed on");
    }
  }

  RingSockets sockets_;
  Waiter waiter_;
};

}  // namespace fanin::microbench
