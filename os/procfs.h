#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/clock.h"
#include "net/descriptor.h"

// The parsers take the text of a file under /proc, so that tests can pass any text.
namespace fanin::os {

// The whole of a small file, read to its end, since procfs reports size 0. Empty with errno if it cannot be read.
std::optional<std::string> read_file(const std::string& path);

// The same without white space at both ends.
std::optional<std::string> read_trimmed(const std::string& path);

// The number after "Key:" in the "Key:   value kB" style of status, smaps_rollup and meminfo, without its unit.
std::optional<std::uint64_t> find_labelled_number(std::string_view text, std::string_view key);

// CPU time of reaped children, fields 16 and 17 of /proc/PID/stat, at the kernel's USER_HZ.
struct ReapedTime {
  net::Nanoseconds user{};
  net::Nanoseconds system{};
};
std::optional<ReapedTime> parse_reaped_time(std::string_view stat);

// CPU time of a live process and its threads since it began, those that have ended included. kScheduler is in ns and
// exact while the threads sleep; the kernel knows the use of a running one as of its last tick or switch. The others
// are sampled by the timer tick: right on average.
enum class CpuClock { kUserAndSystemTicks = 0, kUserTicks = 1, kScheduler = 2 };
std::optional<net::Nanoseconds> read_cpu_clock(pid_t process, CpuClock clock);

// When a task began, field 22 of /proc/PID/stat: since boot (CLOCK_BOOTTIME), in whole ticks of USER_HZ.
std::optional<net::Nanoseconds> parse_start_time(std::string_view stat);

// The parent, field 4 of /proc/PID/stat.
std::optional<int> parse_parent(std::string_view stat);

// Process numbers separated by blanks, as in /proc/PID/task/TID/children.
std::vector<int> parse_numbers(std::string_view text);

// The two-line tables of /proc/net/netstat and /proc/net/snmp as "Group.Name" -> value.
std::map<std::string, std::int64_t> parse_netstat(std::string_view text);

// The load of this machine by all programs. Values that cannot be read are nullopt.
struct MachineLoad {
  net::TimePoint at{};
  unsigned cpus = 1;
  std::optional<double> load_average;        // over a minute
  std::optional<double> pressure_avg10;      // share of the last 10 s in which some task waited for a CPU (PSI)
  std::optional<net::Nanoseconds> pressure;  // such time since boot
  std::optional<net::Nanoseconds> steal;     // that the hypervisor took from all CPUs, since boot
  std::optional<net::Nanoseconds> idle;      // of all CPUs, since boot; exact, while busy time is sampled
};

MachineLoad read_machine_load();

// The same from the texts of /proc/loadavg, /proc/pressure/cpu and /proc/stat, of `ticks_per_s`.
MachineLoad parse_machine_load(std::string_view loadavg, std::string_view pressure, std::string_view stat,
                               long ticks_per_s);

// Why the machine is busy; empty: it is not. A run within the last 10 s counts too, so ask before the first one.
std::string why_busy(const MachineLoad& load);

// Shares of the time between two readings: time in which some task waited for a CPU; stolen and busy time of all CPUs.
struct MachineShares {
  std::optional<double> pressure;
  std::optional<double> steal;
  std::optional<double> busy;
};
MachineShares shares_between(const MachineLoad& before, const MachineLoad& after);

// Readable once the process has ended; invalid, with errno, if there is none. glibc 2.36 declares pidfd_open()
// without C linkage, so that C++ cannot link it.
net::Descriptor open_pidfd(pid_t pid);

// The numbers that are names of entries of a directory, such as /proc/PID/task; empty where it cannot be read.
std::vector<int> list_numbered_entries(const std::string& directory);

// The children that one task, or any task of a process, has started or adopted.
std::vector<pid_t> list_children(pid_t process, pid_t task);
std::vector<pid_t> list_children(pid_t process);

// All live descendants of `root`, parents before children, without `root` itself. May contain processes that
// have just ended.
std::vector<pid_t> list_descendants(pid_t root);

// Sends a signal to all descendants of the calling process, children before their parents. Reaches no other process,
// even if a descendant ends meanwhile and its number is reused. The caller must have one thread, be a subreaper and not
// collect its children meanwhile.
void signal_descendants(int number);

}  // namespace fanin::os
