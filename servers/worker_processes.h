#pragma once

#include <poll.h>
#include <signal.h>
#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "net/clock.h"
#include "net/descriptor.h"
#include "servers/model.h"

namespace fanin::server {

// Sends SIGTERM to child processes, then SIGKILL to those that still run a margin after the drain timeout (stopped
// ones, for example). Returns after reaping all of them; the result is the number killed. Killed children are counted,
// their own counts are lost.
std::size_t end_children(std::vector<pid_t> children) noexcept;

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
    net::TimePoint tried{};
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

// A pair of Unix sockets over which a parent process passes connections to its workers. All workers wait on the same
// end, so the kernel gives each connection to an idle one; in the other direction workers report that they are idle.
// Create it before forking: each worker inherits both ends.
class ConnectionChannel {
 public:
  // Throws std::system_error.
  ConnectionChannel();

  // The parent's end: readable when a worker is idle.
  int free_notice() const noexcept { return parent_.get(); }
  // Passes a connection to an idle worker, after free_notice(), and closes the parent's copy. With no idle worker it
  // waits in the channel.
  void give(net::Descriptor socket);
  // Wakes the workers: take() returns nothing once the channel is empty.
  void close() noexcept;

  // The worker's end: reports idle and waits for a connection. None after the stop.
  net::Descriptor take();

 private:
  net::Descriptor parent_;
  net::Descriptor workers_;
};

// --processes processes, each running the model with its own listeners on the same ports (SO_REUSEPORT), so that the
// descriptor limit counts once per process. With more than one, this process does not serve: it replaces processes that
// die and forwards the stop. Connections of different processes cannot see each other. Borrows both arguments; used by
// the main thread.
class Replicas {
 public:
  // Listens for all processes, so that the kernel balances from the first connection on. Throws std::system_error.
  Replicas(const ServerModel& model, Server& first);

  // Returns when all processes are drained. Throws what the model throws, or std::system_error if a fork fails.
  void run();

 private:
  const ServerModel& model_;
  Server& first_;
  // The parent keeps all listeners open: the successor of a process that dies serves what waits in its queue.
  std::vector<Server> others_;
};

}  // namespace fanin::server
