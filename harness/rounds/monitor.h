#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/clock.h"
#include "net/descriptor.h"

namespace fanin::harness {

// CPU time of a process tree since it began: of all live processes, their exited threads, and the children that were
// reaped. It only grows, so the difference of two readings is what the tree used in between.
struct CpuReading {
  net::Nanoseconds total{};        // from the scheduler's clock, in ns; reaped children in ticks of 10 ms
  net::Nanoseconds user_ticks{};   // sampled by the timer tick: right on average, used for the split alone
  net::Nanoseconds total_ticks{};  // user and system, sampled in the same way
  net::Nanoseconds reaped{};       // the part of the total that is of reaped children
};

struct CpuUse {
  net::Nanoseconds total{};
  // The total, split as the ticks say. Nothing where there was no tick, or where more than a tenth is of children that
  // ended: the kernel books one that no tick has met as user time (cputime_adjust() in kernel/sched/cputime.c).
  std::optional<net::Nanoseconds> user;
  std::optional<net::Nanoseconds> system;
};

CpuUse subtract_cpu(const CpuReading& before, const CpuReading& after);

struct Switches {
  std::uint64_t voluntary = 0;
  std::uint64_t involuntary = 0;

  Switches& operator+=(const Switches& other) {
    voluntary += other.voluntary;
    involuntary += other.involuntary;
    return *this;
  }
};

// What the tree holds. A value is empty if a process of the tree could not be read.
struct Footprint {
  std::uint64_t processes = 0;
  std::optional<std::uint64_t> threads;
  std::optional<std::uint64_t> rss_bytes;         // shared pages count once per process
  std::optional<std::uint64_t> pss_bytes;         // shared pages count once in all
  std::optional<std::uint64_t> page_table_bytes;  // once per address space, so threads share theirs
  std::optional<std::uint64_t> descriptors;
};

// CLOCK_BOOTTIME, by which the kernel says when a task began.
net::Nanoseconds boot_time();

// Watches all descendants of a process, the root, which is not measured: a reaper, which adopts orphans. Readings at
// the ends of a window must be cheap, because the generator runs on the same CPU as the harness. So discover() walks
// the tree beforehand. One thread.
class Monitor {
 public:
  explicit Monitor(pid_t root) : root_(root) {}

  // Walks the whole tree, task by task, and opens the files that switches() reads. Call it when all connections are
  // established, before the window opens.
  void discover();

  // Two readings of one sum. The first, for the start of the window, finds new children only of tasks that had children
  // at discover() (0.6 us per process). The second walks the tree (30 us per process), for the end of the window, when
  // the generator waits. Empty if the root has no descendants.
  std::optional<CpuReading> read_cpu_of_known_tasks() const;
  std::optional<CpuReading> read_cpu_of_tree() const;

  // Sums over the tasks that discover() found. Empty if one of them has ended since, or if there were too many to keep
  // open.
  std::optional<Switches> switches() const;

  // The same over the tasks that discover() did not find, since they began. Empty if one of them began before `opened`,
  // a reading of boot_time(): how many of its switches came later is then unknown. Walks the tree.
  std::optional<Switches> switches_of_new_tasks(net::Nanoseconds opened) const;

  // Whether the tree has the same tasks as at discover(). Walks the tree.
  bool has_same_tasks() const;

  // Walks the tree again. Takes about 0.1 ms per process.
  Footprint footprint() const;

 private:
  struct Task {
    pid_t process;
    pid_t task;
    bool operator<(const Task& other) const {
      return process != other.process ? process < other.process : task < other.task;
    }
  };

  std::vector<Task> walk() const;  // all tasks of the tree
  static CpuReading sum_clocks(const std::vector<pid_t>& processes, const std::vector<pid_t>& reapers);

  pid_t root_;
  std::vector<Task>
      forking_tasks_;  // tasks that had children at discover(), and the main threads of the root and its children
  std::vector<pid_t> reapers_;  // processes that had reaped children at discover(), or may: those with forking tasks
  std::vector<Task> tasks_;
  std::vector<net::Descriptor>
      task_status_;  // /proc/PID/task/TID/status of each, kept open: half the cost of a reading
};

}  // namespace fanin::harness
