#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "net/clock.h"

namespace fanin {

// What this process has used, or used between two readings.
struct ProcessUsage {
  Nanoseconds cpu_user{0};  // the split is by the kernel's ticks and coarse, the sum is exact
  Nanoseconds cpu_system{0};
  std::uint64_t voluntary_switches = 0;
  std::uint64_t involuntary_switches = 0;
  std::uint64_t max_rss_bytes = 0;  // so far, not a difference
};

ProcessUsage process_usage() noexcept;
ProcessUsage operator-(const ProcessUsage& later, const ProcessUsage& earlier) noexcept;

// What the server has used, its children included.
struct ServerUsage {
  Nanoseconds cpu{0};    // that of children which have ended is exact to the kernel's clock tick, 10 ms
  unsigned cpus = 1;     // that it may use
  unsigned threads = 1;  // of all its processes
};

// `pid` and the processes below it that there are now, it first.
std::vector<pid_t> process_tree(pid_t pid);

// Reads the process tree below `pid` from /proc. Nothing if there is no such process.
std::optional<ServerUsage> server_usage(pid_t pid);

}  // namespace fanin
