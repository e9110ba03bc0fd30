#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/machine/machine_limits.h"

namespace fanin::harness {

// A value of /proc/sys by the name that sysctl knows it by.
struct Setting {
  std::string name;
  std::string value;
};

// Descriptors of a process in addition to its connections: standard streams, listeners, epoll, control, a reserve.
inline constexpr int kOtherDescriptors = 16;

// One limit compared with what the wanted connections require.
struct Finding {
  enum class Status {
    kOk,
    kTooLow,   // the connections do not fit
    kSlow,     // they fit, but connecting is slow
    kUnknown,  // could not be read
    kInfo,     // does not limit the number of connections
  };

  std::string name;
  Status status = Status::kUnknown;
  MachineLimits::Number current;   // MachineLimits::kUnlimited: no limit
  MachineLimits::Number required;  // empty: no number follows from the connections
  std::string note;                // what the numbers mean
  std::optional<Setting> raise;
  std::string command;  // for the user, to raise it
};

// Whether a number of connections between two local processes, or groups of them, fits on a machine.
struct Headroom {
  std::uint64_t connections = 0;
  // Processes that the server needs so that each stays below its descriptor limit; empty: no number suffices.
  MachineLimits::Number server_processes;
  std::vector<Finding> findings;

  bool fits() const;
  // The limits that are too low, with their current and required values; empty: the connections fit.
  std::string obstacle() const;
};

Headroom judge(const MachineLimits& limits, std::uint64_t connections);

// The maximum number of connections for which judge() finds room.
std::uint64_t find_max_connections(const MachineLimits& limits);

// How many server processes (--processes) hold `connections` if each may have `descriptors`. The kernel distributes
// connections by a hash, so the shares are binomial; six standard deviations are left free. Empty if no number of
// processes that fanin-server accepts suffices.
std::optional<std::uint64_t> count_processes(std::uint64_t connections, std::uint64_t descriptors);

}  // namespace fanin::harness
