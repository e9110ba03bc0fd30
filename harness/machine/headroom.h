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

// Descriptors of a process beside its connections: standard streams, listeners, epoll, control, a reserve.
inline constexpr int kOtherDescriptors = 16;

// What one limit means for the connections that are wanted.
struct Finding {
  enum class Status {
    kOk,
    kTooLow,   // they do not fit
    kSlow,     // they fit, but connecting stumbles
    kUnknown,  // could not be read
    kInfo,     // has no bearing on the number of connections
  };

  std::string name;
  Status status = Status::kUnknown;
  MachineLimits::Number current;   // MachineLimits::kUnlimited where there is no limit
  MachineLimits::Number required;  // nothing where no number follows from the connections
  std::string note;                // what the numbers are, or what follows
  std::optional<Setting> raise;
  std::string command;  // does it by hand
};

// Whether so many connections between two local processes, or groups of them, have room on a machine.
struct Headroom {
  std::uint64_t connections = 0;
  // Processes that the server needs so that each stays below its limit on descriptors; nothing where none would do.
  MachineLimits::Number server_processes;
  std::vector<Finding> findings;

  bool fits() const;
  // The names of what is too low, with what it has and needs; empty where they fit.
  std::string obstacle() const;
};

Headroom judge(const MachineLimits& limits, std::uint64_t connections);

// The most connections that judge() says fit.
std::uint64_t find_max_connections(const MachineLimits& limits);

// How many server processes (--processes) hold `connections` where each may have `descriptors`. The kernel spreads
// connections by a hash, so the shares are binomial: room for six standard deviations is left. Nothing where no number
// of processes that fanin-server takes would do.
std::optional<std::uint64_t> count_processes(std::uint64_t connections, std::uint64_t descriptors);

}  // namespace fanin::harness
