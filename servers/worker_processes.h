#pragma once

#include <poll.h>
#include <signal.h>
#include <sys/types.h>

#include <functional>
#include <span>
#include <vector>

#include "net/clock.h"

namespace fanin::server {

// Processes forked ahead that all do the same. The parent replaces those that die and hands a stop on to all of them;
// should it be killed itself, the kernel kills them. While an object of this class exists, SIGTERM, SIGINT and SIGCHLD
// reach the parent inside wait() alone, so that none is missed between a look and a sleep. Owned and used by the
// parent's only thread.
class WorkerProcesses {
 public:
  // Forks `count` workers. Each runs `body(its number)`, numbers from 0, publishes its counts and exits. An exception
  // out of `body` is told on standard error. Throws std::system_error where not all can be forked.
  WorkerProcesses(int count, std::function<void(int)> body);
  WorkerProcesses(const WorkerProcesses&) = delete;
  WorkerProcesses& operator=(const WorkerProcesses&) = delete;
  // Stops workers that still run.
  ~WorkerProcesses();

  // Waits until one of `descriptors` is ready, and replaces meanwhile the workers that die. False once a stop was asked
  // for.
  bool wait(std::span<pollfd> descriptors = {});

  // Asks all workers to drain and waits until they have ended, as end_children() does.
  void stop() noexcept;

 private:
  struct Worker {
    pid_t pid = -1;  // -1: none runs
    TimePoint tried{};
  };

  bool start(std::size_t number);
  [[noreturn]] void run_in_child(int number, pid_t parent);
  void collect() noexcept;
  bool replace_the_dead();

  std::function<void(int)> body_;
  std::vector<Worker> workers_;
  std::size_t running_ = 0;
  sigset_t normal_mask_{};
};

}  // namespace fanin::server
