#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "net/clock.h"

namespace fanin::load {

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

// The process that started it; 0: none, or there is no such process.
pid_t find_parent(pid_t pid);

std::vector<pid_t> find_children(pid_t pid);

// `roots` and the processes below them that there are now, the former first. This process and what is below it belong
// to the tree of a server that has started it only where it is a root.
std::vector<pid_t> process_tree(const std::vector<pid_t>& roots);

// Reads the process trees below `roots` from /proc. Nothing if there is no such process.
std::optional<ServerUsage> server_usage(const std::vector<pid_t>& roots);

}  // namespace fanin::load
