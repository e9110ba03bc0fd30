#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "net/clock.h"

namespace fanin::conformance {

// `root` and all its descendants that exist now (the ended but not yet collected ones too), from /proc. Any thread.
std::vector<pid_t> process_tree(pid_t root);

// What a process tree holds.
struct Footprint {
  std::size_t processes = 0;  // ended but not collected ones included
  std::size_t threads = 0;
  std::size_t descriptors = 0;  // summed over the processes
  // Proportional set size, so that what forked children share counts once; without files.
  std::uint64_t memory_bytes = 0;
  bool operator==(const Footprint&) const = default;
};
Footprint footprint(pid_t root);

// The footprint once it has stopped changing. Throws Failure where it never does.
Footprint settled_footprint(pid_t root);

// CPU time that the processes of the tree have used so far, user and system, ended threads included.
Nanoseconds cpu_time(pid_t root);

// Holds a process tree still for the life of the object, so that events pile up and reach the server together. Use it
// on processes of one's own.
class Paused {
 public:
  // Returns when all processes stand still. Throws Failure where they will not.
  explicit Paused(pid_t root);
  Paused(const Paused&) = delete;
  Paused& operator=(const Paused&) = delete;
  ~Paused();

 private:
  std::vector<pid_t> processes_;
};

}  // namespace fanin::conformance
