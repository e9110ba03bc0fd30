#pragma once

#include <sys/types.h>

#include <ctime>
#include <optional>
#include <vector>

#include "net/clock.h"

namespace fanin::load {

// The CPU time of processes and their children, exact to the nanosecond, cheap enough to be read between two requests.
// Covers the children that exist at construction. Any thread.
class ProcessClock {
 public:
  // Throws std::invalid_argument if there is no such process as each of `roots`, or it must not be looked at.
  explicit ProcessClock(const std::vector<pid_t>& roots);

  // Unknown once one of them has ended: what it used is in no later reading.
  std::optional<Nanoseconds> read() const noexcept;

 private:
  std::vector<clockid_t> clocks_;
};

}  // namespace fanin::load
