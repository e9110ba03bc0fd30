#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/clock.h"

namespace fanin::load {

// The load of this machine by all programs. Values that cannot be read are nullopt.
struct MachineLoad {
  TimePoint at{};
  unsigned cpus = 1;
  std::optional<double> load_average;    // over a minute
  std::optional<double> pressure_avg10;  // share of the last 10 s in which some task had to wait for a CPU (PSI)
  std::optional<Nanoseconds> pressure;   // such time since boot
  std::optional<Nanoseconds> steal;      // that the hypervisor took from all CPUs, since boot
};

MachineLoad read_machine_load();

// The same from the texts of /proc/loadavg, /proc/pressure/cpu and /proc/stat, of `ticks_per_s`.
MachineLoad parse_machine_load(std::string_view loadavg, std::string_view pressure, std::string_view stat,
                               long ticks_per_s);

// Why this machine counts as busy; empty: it does not.
std::string why_busy(const MachineLoad& load);

// Shares of the time between two readings: time in which some task waited for a CPU; stolen time of all CPUs.
struct MachineShares {
  std::optional<double> pressure;
  std::optional<double> steal;
};
MachineShares shares_between(const MachineLoad& before, const MachineLoad& after);

}  // namespace fanin::load
