#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/json/json_reader.h"
#include "net/clock.h"

namespace fanin::harness {

// Totals of the whole machine at one time.
struct MachineReading {
  net::TimePoint at;
  int cpus = 0;                          // online
  std::optional<net::Nanoseconds> idle;  // idle and waiting for I/O, summed over CPUs, in ticks of 10 ms
  std::optional<net::Nanoseconds> steal;
  std::map<std::string, std::int64_t> netstat;
};

struct MachineUse {
  // All CPUs, everything but idle, waiting for I/O and stolen. Computed as wall time less those three: the kernel
  // counts idle time exactly and busy time by sampling.
  std::optional<net::Nanoseconds> cpu_busy;
  std::optional<net::Nanoseconds> steal;
  std::map<std::string, std::int64_t> netstat;  // "Group.Name" -> difference, the zeroes left out
};

struct CpuTimes {
  int cpus = 0;
  net::Nanoseconds idle{};
  net::Nanoseconds steal{};
};

// The first line and the number of "cpuN" lines of /proc/stat.
std::optional<CpuTimes> parse_cpu_times(const std::string& stat);

// Cheap: CPU times only, for the start of the window.
MachineReading read_machine_cpu();
// With the network counters, about 0.2 ms.
std::map<std::string, std::int64_t> read_netstat();

MachineUse subtract_readings(const MachineReading& before, const MachineReading& after);

// What the kernel holds for the whole machine and charges to no process: the slab allocator's caches (sockets, files,
// tasks, ...), reclaimable or not. Kernel stacks and page tables are not among them.
std::optional<std::uint64_t> parse_slab_bytes(std::string_view meminfo);

// The size of one task's kernel stack, which is a power of two: all stacks of the machine (/proc/meminfo) over all its
// tasks (/proc/loadavg, "0.00 0.01 0.05 1/97 4711": the second number of the pair). Empty if the two do
// not match, as in a container that shows its own task count and the machine's memory.
std::optional<std::uint64_t> parse_kernel_stack_size(std::string_view meminfo, std::string_view loadavg);

std::optional<std::uint64_t> read_kernel_stack_size();

// What kernel memory still does when it is to be read. kGrows: the server has to accept connections that the client's
// kernel calls established, and to make a process or a thread for each. kFalls: the kernel frees the memory of the
// server before, for some 60 ms after its end (RCU).
enum class Trend { kGrows, kFalls };

// Tells from successive readings when a trend has ended: a few of them show no new extreme.
class Settling {
 public:
  explicit Settling(Trend trend) noexcept : trend_(trend) {}
  bool has_ended(std::uint64_t reading) noexcept;

 private:
  Trend trend_;
  std::optional<std::uint64_t> extreme_;
  int quiet_ = 0;
};

// Reads slab and kernel stacks until the trend has ended, and returns the last slab reading. Empty if that takes longer
// than `at_most`.
std::optional<std::uint64_t> read_settled_slab_bytes(Trend trend, net::Nanoseconds at_most);

// Which CPUs the server and the client side (the generator, and the harness, which sleeps) run on.
struct Placement {
  bool split = false;  // apart; otherwise both share all CPUs
  std::vector<int> server_cpus;
  std::vector<int> client_cpus;

  Json to_json() const;
  std::vector<int> all_cpus() const;  // of both; a CPU that both have stands there twice
};

// With two CPUs or more the server gets the first one and the client the rest, so that results do not depend on the
// CPUs that the generator leaves free.
Placement choose_placement(const std::vector<int>& allowed);

// What the kernel and this process's surroundings allow, as far as connections of two local processes come up against
// it. Nothing where a value could not be read. A value; any thread.
struct MachineLimits {
  using Number = std::optional<std::uint64_t>;
  static constexpr std::uint64_t kUnlimited = UINT64_MAX;

  Number descriptors_soft;  // RLIMIT_NOFILE, of a process
  Number descriptors_hard;
  Number nr_open;  // how far the hard limit may be raised
  Number file_max;
  Number files_in_use;
  Number epoll_watches;

  Number first_port;
  Number last_port;
  Number somaxconn;
  Number syn_backlog;
  Number established_buckets;           // of the table that the two ends of every connection are found in
  std::array<Number, 3> tcp_mem_pages;  // low, pressure, high
  Number tcp_pages_in_use;
  std::string tcp_rmem;  // three numbers of bytes as the kernel writes them
  std::string tcp_wmem;

  Number memory_available_bytes;
  Number group_memory_available_bytes;  // what the control group leaves; kUnlimited where it has no limit

  bool has_conntrack = false;
  Number conntrack_max;
  Number conntrack_in_use;
  Number tcp_sockets;  // in this network namespace, those in TIME_WAIT included

  Number threads_max;
  Number pid_max;
  Number tasks_in_use;
  Number processes_hard;  // RLIMIT_NPROC

  Number memlock_bytes;
  Number io_uring_disabled;
  Number perf_event_paranoid;
};

// Reads them from the files below `root`, which is "" but in tests.
MachineLimits read_machine_limits(const std::string& root = "");

}  // namespace fanin::harness
