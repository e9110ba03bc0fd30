#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "net/clock.h"

namespace fanin::harness {

// What the whole machine had done up to one moment.
struct MachineReading {
  TimePoint at;
  int cpus = 0;                     // online
  std::optional<Nanoseconds> idle;  // idle and waiting for I/O, summed over CPUs, in ticks of 10 ms
  std::optional<Nanoseconds> steal;
  std::map<std::string, std::int64_t> netstat;
};

struct MachineUse {
  // All CPUs, everything but idle, waiting for I/O and stolen. Computed as wall time less those three: the kernel
  // counts idle time exactly and busy time by sampling.
  std::optional<Nanoseconds> cpu_busy;
  std::optional<Nanoseconds> steal;
  std::map<std::string, std::int64_t> netstat;  // "Group.Name" -> difference, the zeroes left out
};

struct CpuTimes {
  int cpus = 0;
  Nanoseconds idle{};
  Nanoseconds steal{};
};

// The first line and the number of "cpuN" lines of /proc/stat.
std::optional<CpuTimes> parse_cpu_times(const std::string& stat);

// Cheap: CPU times alone, for the moment at which the window opens.
MachineReading read_machine_cpu();
// With the network counters, about 0.2 ms.
std::map<std::string, std::int64_t> read_netstat();

MachineUse machine_between(const MachineReading& before, const MachineReading& after);

}  // namespace fanin::harness
