#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <thread>
#include <vector>

#include "microbench/kernel_flows.h"
#include "microbench/user_flows.h"

// The same CPU work, of several tasks, in several orders, without any I/O. do_steps(n): each task does n steps.
// checksum() depends on every step of every task and on no order of tasks, so that all classes end with the same. Used
// by one thread. Constructors throw std::runtime_error and std::system_error.
namespace fanin::microbench {

struct WorkSize {
  std::size_t tasks;
  std::uint64_t loops;  // of one step; a loop is a multiplication and an addition that wait for the one before
};

// A step does not wait for the result of the task's step before. Else the CPU could overlap steps of different tasks,
// but not those of one task, and switching would gain time that has nothing to do with it.
class StepTask {
 public:
  StepTask(std::uint64_t seed, std::uint64_t loops) noexcept : start_(seed), loops_(loops) {}

  // Not inlined: in all orders a step is the same call.
  [[gnu::noinline]] void do_step() noexcept;
  std::uint64_t sum() const noexcept { return sum_; }

 private:
  std::uint64_t start_;  // of the next step
  std::uint64_t sum_ = 0;
  std::uint64_t loops_;
};

std::vector<StepTask> make_tasks(const WorkSize& size);
std::uint64_t add_sums(const std::vector<StepTask>& tasks) noexcept;

// One task after the other, each to its end.
class SerialTasks {
 public:
  explicit SerialTasks(const WorkSize& size) : tasks_(make_tasks(size)) {}
  void do_steps(std::size_t steps) noexcept;
  std::uint64_t checksum() const noexcept { return add_sums(tasks_); }

 private:
  std::vector<StepTask> tasks_;
};

// A step of each task in turn: `Flows` are `Coroutines` or `Fibers`, which a loop resumes.
template <typename Flows>
class UserFlowTasks {
 public:
  explicit UserFlowTasks(const WorkSize& size) : tasks_(make_tasks(size)) {
    for (StepTask& task : tasks_) {
      flows_.add([&task] { task.do_step(); });
    }
  }
  void do_steps(std::size_t steps) {
    for (; steps > 0; --steps) {
      for (std::size_t task = 0; task < tasks_.size(); ++task) {
        flows_.resume(task);
      }
    }
  }
  std::uint64_t checksum() const noexcept { return add_sums(tasks_); }

 private:
  std::vector<StepTask> tasks_;
  Flows flows_;
};

// A step of each task in turn, each in a thread, which hands over to the next. The caller is the thread of task 0.
class ThreadTasks {
 public:
  explicit ThreadTasks(const WorkSize& size);
  ThreadTasks(const ThreadTasks&) = delete;
  ThreadTasks& operator=(const ThreadTasks&) = delete;
  ~ThreadTasks();

  void do_steps(std::size_t steps) noexcept;
  std::uint64_t checksum() const noexcept { return add_sums(tasks_); }

 private:
  void run(std::size_t task) noexcept;
  void end_threads() noexcept;

  std::vector<StepTask> tasks_;
  std::deque<Baton> batons_;  // of the tasks; a deque, since they do not move
  bool ended_ = false;        // read with a baton
  std::vector<std::thread> threads_;
};

}  // namespace fanin::microbench
