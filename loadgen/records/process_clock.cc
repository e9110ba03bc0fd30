#include "loadgen/records/process_clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "loadgen/records/machine_usage.h"

namespace fanin::load {

ProcessClock::ProcessClock(const std::vector<pid_t>& roots) {
  for (const pid_t process : process_tree(roots)) {
    clockid_t clock{};
    int error = ::clock_getcpuclockid(process, &clock);
    if (timespec time{}; error == 0 && ::clock_gettime(clock, &time) != 0) {
      error = errno;  // making up a clock is no proof that there is a process
    }
    if (error == 0) {
      clocks_.push_back(clock);
    } else if (std::find(roots.begin(), roots.end(), process) != roots.end()) {
      throw std::invalid_argument(
          fmt::format("the CPU time of process {} cannot be read: {}; give the --server-pid of a running server",
                      process, std::strerror(error)));
    }
  }
}

std::optional<Nanoseconds> ProcessClock::read() const noexcept {
  Nanoseconds sum{0};
  for (const clockid_t clock : clocks_) {
    timespec time{};
    if (::clock_gettime(clock, &time) != 0) {
      return std::nullopt;
    }
    sum += std::chrono::seconds(time.tv_sec) + Nanoseconds(time.tv_nsec);
  }
  return sum;
}

}  // namespace fanin::load
