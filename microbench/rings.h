#pragma once

#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "microbench/requirements.h"
#include "microbench/user_flows.h"
#include "net/descriptor.h"

// A byte goes around a ring of tasks, which are connected by socket pairs: each task waits until its socket is
// readable, receives the byte and sends it to the next. Switches are driven by I/O, as in the brigades of
// jimblandy/context-switch. Task 0 is the caller. go_around(n): n rounds, of as many hops as there are tasks.
// The classes differ in how a task waits. Used by one thread. Constructors throw std::system_error, and
// std::runtime_error if the machine lacks something.
namespace fanin::microbench {

// The sockets of all tasks. Any thread may pass on the byte of one task at a time.
class RingSockets {
 public:
  // At least 2 tasks.
  explicit RingSockets(std::size_t tasks);

  std::size_t size() const noexcept { return inputs_.size(); }
  // What the tasks receive from.
  const std::vector<net::Descriptor>& inputs() const noexcept { return inputs_; }

  // One hop of task `index`: receives the byte and sends its successor to the next task. False at the end of the ring.
  bool pass_on(std::size_t index) const noexcept;

  // Sends a byte to task `index`. False if its socket is full or shut down.
  bool send_to(std::size_t index, unsigned char byte = 0) const noexcept;

  // Both halves of a hop of task 0. finish_round() throws std::runtime_error unless the byte has counted all hops.
  void start_round() const;
  void finish_round() const;

  // Makes pass_on() return false in every task that waits.
  void shut_down() const noexcept;

 private:
  std::vector<net::Descriptor> inputs_;
  std::vector<net::Descriptor> outputs_;  // the other ends: what the task before writes to
};

// No switch at all: one flow does the I/O of all tasks in turn. What remains of the others is the cost of switching.
class IoOnlyRing {
 public:
  explicit IoOnlyRing(std::size_t tasks) : sockets_(tasks) {}
  void go_around(std::size_t rounds) const;

 private:
  RingSockets sockets_;
};

// Flows in the program, `Coroutines` or `Fibers`, over one level-triggered epoll instance in one thread.
template <typename Flows>
class EpollRing {
 public:
  explicit EpollRing(std::size_t tasks);
  void go_around(std::size_t rounds);

 private:
  RingSockets sockets_;
  net::Descriptor epoll_;
  Flows flows_;          // without task 0
  bool broken_ = false;  // a hop failed
};
extern template class EpollRing<Coroutines>;
extern template class EpollRing<Fibers>;

// A thread for each task, which blocks in recv(2). Neighbours are on different CPUs if `cpus` has two.
class ThreadRing {
 public:
  ThreadRing(std::size_t tasks, CpuPair cpus);
  ThreadRing(const ThreadRing&) = delete;
  ThreadRing& operator=(const ThreadRing&) = delete;
  ~ThreadRing();

  void go_around(std::size_t rounds) const;

 private:
  void end_threads() noexcept;

  RingSockets sockets_;
  std::vector<std::thread> threads_;  // without task 0
};

}  // namespace fanin::microbench
