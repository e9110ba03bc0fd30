#include "microbench/step_tasks.h"

namespace fanin::microbench {

void StepTask::do_step() noexcept {
  std::uint64_t value = start_++;
  for (std::uint64_t left = loops_; left > 0; --left) {
    value = value * 6364136223846793005U + 1442695040888963407U;
    asm volatile("" : "+r"(value));
  }
  sum_ += value;
}

std::vector<StepTask> make_tasks(const WorkSize& size) {
  std::vector<StepTask> tasks;
  tasks.reserve(size.tasks);
  while (tasks.size() < size.tasks) {
    tasks.emplace_back(tasks.size() + 1, size.loops);
  }
  return tasks;
}

std::uint64_t add_sums(const std::vector<StepTask>& tasks) noexcept {
  std::uint64_t sum = 0;
  for (const StepTask& task : tasks) {
    sum += task.sum();
  }
  return sum;
}

void SerialTasks::do_steps(std::size_t steps) noexcept {
  for (StepTask& task : tasks_) {
    for (std::size_t left = steps; left > 0; --left) {
      task.do_step();
    }
  }
}

ThreadTasks::ThreadTasks(const WorkSize& size) : tasks_(make_tasks(size)) {
  for (std::size_t task = 0; task < tasks_.size(); ++task) {
    batons_.emplace_back(Baton::Between::kThreads);
  }
  try {
    for (std::size_t task = 1; task < tasks_.size(); ++task) {
      threads_.emplace_back([this, task] { run(task); });
    }
  } catch (...) {
    end_threads();
    throw;
  }
}

ThreadTasks::~ThreadTasks() { end_threads(); }

void ThreadTasks::run(std::size_t task) noexcept {
  Baton& next = batons_[task + 1 < tasks_.size() ? task + 1 : 0];
  for (batons_[task].take(); !ended_; batons_[task].take()) {
    tasks_[task].do_step();
    next.give();
  }
}

void ThreadTasks::end_threads() noexcept {
  ended_ = true;
  for (Baton& baton : batons_) {
    baton.give();
  }
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void ThreadTasks::do_steps(std::size_t steps) noexcept {
  for (; steps > 0; --steps) {
    tasks_[0].do_step();
    batons_[1].give();
    batons_[0].take();
  }
}

}  // namespace fanin::microbench
