#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace fanin::harness {

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
