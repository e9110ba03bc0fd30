#pragma once

#include <sys/types.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/records/clock.h"

namespace fanin::load {

// The usage of this process so far, or between two readings.
struct ProcessUsage {
  Nanoseconds cpu_user{0};  // the split is by the kernel's ticks and coarse, the sum is exact
  Nanoseconds cpu_system{0};
  std::uint64_t voluntary_switches = 0;
  std::uint64_t involuntary_switches = 0;
  std::uint64_t max_rss_bytes = 0;  // so far, not a difference
};

ProcessUsage process_usage() noexcept;
ProcessUsage operator-(const ProcessUsage& later, const ProcessUsage& earlier) noexcept;

// CPU time of one thread since it began, and the time that it was runnable without a CPU.
struct TaskTimes {
  pid_t task = 0;
  Nanoseconds cpu{0};
  Nanoseconds run_queue_wait{0};
};

// The usage of the server with its children.
struct ServerUsage {
  Nanoseconds cpu{0};                 // that of ended children has a resolution of 10 ms
  unsigned cpus = 1;                  // that it may use
  unsigned threads = 1;               // of all its processes
  std::vector<TaskTimes> tasks = {};  // empty if there are too many to read without disturbing the run, or unknown
  std::optional<Nanoseconds> run_queue_wait = {};  // see usage_between()
};

// The parent process; 0: none, or no such process.
pid_t find_parent(pid_t pid);

// `roots` and then their descendants, as of now. This process and its descendants are left out of a tree, unless this
// process is a root: a server may have started it.
std::vector<pid_t> process_tree(const std::vector<pid_t>& roots);

// The usage between two readings. CPU time is at least 0: a child counts in ns while it lives and in ticks of 10 ms
// once it is reaped, so the sum may fall. `run_queue_wait` is that of the thread that used most CPU time; nullopt if
// the threads that work are more than the CPUs, since they wait for each other.
ServerUsage usage_between(const ServerUsage& before, const ServerUsage& after);

// Reads the usage of a server over a window: the process trees below `roots`. The CPU times of 1'000 processes are read
// in 1 to 6 ms at each border, and all else is looked up outside the window: looking through /proc takes 15 to 40 us
// for each process. One thread.
class ServerMeter {
 public:
  explicit ServerMeter(std::vector<pid_t> roots);

  // Finds the processes, before the window.
  void discover();
  void open();
  void close();
  // From open() to close(). Call it soon after close(): it looks for processes that began within the window, and reads
  // their CPU times. nullopt if there was no such process at either border.
  std::optional<ServerUsage> usage() const;

 private:
  std::optional<ServerUsage> read() const;  // CPU time of those that discover() found

  std::vector<pid_t> roots_;
  std::vector<pid_t> processes_;
  std::vector<pid_t> reapers_;  // of them, those that have, or had, children
  unsigned threads_ = 0;
  std::optional<ServerUsage> opened_;
  std::optional<ServerUsage> closed_;
};

// CPU time and waits of the calling thread since it began.
struct ThreadUsage {
  Nanoseconds cpu{0};
  std::optional<Nanoseconds> run_queue_wait;  // runnable without a CPU; nullopt if the kernel does not count it
};

// The same from a line of /proc/PID/schedstat.
std::optional<ThreadUsage> parse_schedstat(std::string_view schedstat) noexcept;

// Reads it for the calling thread. No allocation.
ThreadUsage thread_usage() noexcept;

// Takes readings when the thread passes the borders of the window. One thread.
class UsageMeter {
 public:
  // Called regularly with the current time; reads only at the borders.
  void tick(TimePoint at, TimePoint open, TimePoint close) noexcept {
    if (phase_ == 0 && at >= open) [[unlikely]] {
      begin_ = thread_usage();
      phase_ = 1;
    }
    if (phase_ == 1 && at >= close) [[unlikely]] {
      end_ = thread_usage();
      phase_ = 2;
    }
  }
  // Ends the window now.
  void stop() noexcept { tick(TimePoint::max(), TimePoint::max(), TimePoint::max()); }

  Nanoseconds cpu() const noexcept { return end_.cpu - begin_.cpu; }
  // The share of a CPU that the thread used over a window of this length, without spinning. The time between the two
  // readings is no measure, since a thread that blocks passes the borders late, even both at once. nullopt without a
  // window.
  std::optional<double> utilisation(Nanoseconds window, Nanoseconds spun) const noexcept {
    if (window <= Nanoseconds(0)) {
      return std::nullopt;
    }
    const auto work = static_cast<double>(std::max(cpu() - spun, Nanoseconds(0)).count());
    return std::min(1.0, work / static_cast<double>(window.count()));
  }
  // nullopt if a reading failed, as when descriptors have run out.
  std::optional<Nanoseconds> run_queue_wait() const noexcept {
    return end_.run_queue_wait && begin_.run_queue_wait
               ? std::make_optional(*end_.run_queue_wait - *begin_.run_queue_wait)
               : std::nullopt;
  }

 private:
  int phase_ = 0;
  ThreadUsage begin_;
  ThreadUsage end_;
};

// The CPU time of processes and their children, cheap enough to be read between two requests. Exact for threads that
// sleep; what a running one has used is known as of its last tick or switch (a tick: 1 to 10 ms), since the kernel does
// not interrupt other CPUs for a reading. Covers the children that exist at construction. Any thread.
class ProcessClock {
 public:
  // Throws std::invalid_argument if one of `roots` does not exist or may not be inspected.
  explicit ProcessClock(const std::vector<pid_t>& roots);

  // nullopt once one of them has ended: later readings lack what it used.
  std::optional<Nanoseconds> read() const noexcept;

 private:
  std::vector<clockid_t> clocks_;
};

}  // namespace fanin::load
