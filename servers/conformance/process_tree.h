#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "net/clock.h"

namespace fanin::conformance {

// `root` and all its current descendants, zombies included, from /proc. Any thread.
std::vector<pid_t> process_tree(pid_t root);

// The resources of a process tree.
struct Footprint {
  std::size_t processes = 0;  // zombies included
  std::size_t threads = 0;
  std::size_t descriptors = 0;  // summed over the processes
  // Proportional set size, so that pages shared by forked children count once; without files.
  std::uint64_t memory_bytes = 0;
  bool operator==(const Footprint&) const = default;
};
Footprint footprint(pid_t root);

// The footprint once it is stable. Throws Failure if it never is.
Footprint stable_footprint(pid_t root);

// CPU time of the processes of the tree so far, user and system, ended threads included.
Nanoseconds cpu_time(pid_t root);

// Stops a process tree (SIGSTOP) during its life, so that events reach the server together. For processes of this suite
// only.
class Paused {
 public:
  // Returns when all processes are stopped. Throws Failure if one does not stop.
  explicit Paused(pid_t root);
  Paused(const Paused&) = delete;
  Paused& operator=(const Paused&) = delete;
  ~Paused();

 private:
  std::vector<pid_t> processes_;
};

}  // namespace fanin::conformance
