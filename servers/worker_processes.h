#pragma once

#include <poll.h>
#include <signal.h>
#include <sys/types.h>

#include <functional>
#include <span>
#include <vector>

#include "net/clock.h"

namespace fanin::server {

// Pre-forked processes with the same body. The parent replaces those that die and forwards a stop to all of them; if
// the parent is killed, the kernel kills them. While an object of this class exists, SIGTERM, SIGINT and SIGCHLD reach
// the parent only inside wait(), so that none is lost between a check and a sleep. Owned and used by the parent's only
// thread.
class WorkerProcesses {
 public:
  // Forks `count` workers. Each runs `body(its number)`, from 0, publishes its counts and exits. Prints an exception of
  // `body` to standard error. Throws std::system_error if a fork fails.
  WorkerProcesses(int count, std::function<void(int)> body);
  WorkerProcesses(const WorkerProcesses&) = delete;
  WorkerProcesses& operator=(const WorkerProcesses&) = delete;
  // Stops workers that still run.
  ~WorkerProcesses();

  // Waits until one of `descriptors` is ready, and meanwhile replaces workers that die. False after a stop.
  bool wait(std::span<pollfd> descriptors = {});

  // Asks all workers to drain and waits for their end, as end_children() does.
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
