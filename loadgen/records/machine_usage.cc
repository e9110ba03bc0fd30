#include "loadgen/records/machine_usage.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace fanin::load {
namespace {

Nanoseconds from_timeval(const timeval& time) noexcept {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

struct ProcessStat {
  long own_ticks = 0;
  long child_ticks = 0;  // of the children that it has waited for
  unsigned threads = 0;
  pid_t parent = 0;
};

// Fields 4 (parent), 14 to 17 (CPU time in ticks) and 20 (threads) of /proc/PID/stat; the name in field 2 may hold
// anything, so counting starts behind its closing parenthesis.
std::optional<ProcessStat> read_stat(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  std::getline(file, line);
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) {
    return std::nullopt;
  }
  std::istringstream fields(line.substr(name_end + 1));
  std::vector<std::string> values;
  for (std::string value; fields >> value;) {
    values.push_back(value);
  }
  constexpr std::size_t kFirst = 3;  // number of the first field behind the name
  if (values.size() <= 20 - kFirst) {
    return std::nullopt;
  }
  ProcessStat stat;
  stat.own_ticks = std::stol(values[14 - kFirst]) + std::stol(values[15 - kFirst]);
  stat.child_ticks = std::stol(values[16 - kFirst]) + std::stol(values[17 - kFirst]);
  stat.parent = static_cast<pid_t>(std::stol(values[4 - kFirst]));
  stat.threads = static_cast<unsigned>(std::stoul(values[20 - kFirst]));
  return stat;
}

Nanoseconds from_ticks(long ticks) { return Nanoseconds(1'000'000'000 / ::sysconf(_SC_CLK_TCK)) * ticks; }

// To the nanosecond: over a short window, a tick more or less would be nothing or all of a CPU.
std::optional<Nanoseconds> read_exact_cpu(pid_t pid) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0) {
    return std::nullopt;
  }
  return std::chrono::seconds(time.tv_sec) + Nanoseconds(time.tv_nsec);
}

// That any of them may use.
unsigned count_allowed_cpus(const std::vector<pid_t>& pids) {
  cpu_set_t all;
  CPU_ZERO(&all);
  for (const pid_t pid : pids) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(pid, sizeof set, &set) == 0) {
      CPU_OR(&all, &all, &set);
    }
  }
  return std::max(1U, static_cast<unsigned>(CPU_COUNT(&all)));
}

}  // namespace

ProcessUsage process_usage() noexcept {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return {.cpu_user = from_timeval(usage.ru_utime),
          .cpu_system = from_timeval(usage.ru_stime),
          .voluntary_switches = static_cast<std::uint64_t>(usage.ru_nvcsw),
          .involuntary_switches = static_cast<std::uint64_t>(usage.ru_nivcsw),
          .max_rss_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024};
}

ProcessUsage operator-(const ProcessUsage& later, const ProcessUsage& earlier) noexcept {
  return {.cpu_user = later.cpu_user - earlier.cpu_user,
          .cpu_system = later.cpu_system - earlier.cpu_system,
          .voluntary_switches = later.voluntary_switches - earlier.voluntary_switches,
          .involuntary_switches = later.involuntary_switches - earlier.involuntary_switches,
          .max_rss_bytes = later.max_rss_bytes};
}

std::vector<pid_t> find_children(pid_t pid) {
  std::vector<pid_t> children;
  std::ifstream file(fmt::format("/proc/{0}/task/{0}/children", pid));
  for (pid_t child = 0; file >> child;) {
    children.push_back(child);
  }
  return children;
}

pid_t find_parent(pid_t pid) {
  const auto stat = read_stat(pid);
  return stat ? stat->parent : 0;
}

std::vector<pid_t> process_tree(const std::vector<pid_t>& roots) {
  std::vector<pid_t> tree = roots;
  for (std::size_t i = 0; i < tree.size(); ++i) {
    for (const pid_t child : find_children(tree[i])) {
      if (child != ::getpid()) {
        tree.push_back(child);
      }
    }
  }
  return tree;
}

std::optional<ServerUsage> server_usage(const std::vector<pid_t>& roots) {
  std::optional<ServerUsage> usage;
  for (const pid_t process : process_tree(roots)) {
    const auto stat = read_stat(process);
    if (!stat) {
      continue;
    }
    if (!usage) {
      usage = ServerUsage{.cpus = count_allowed_cpus(roots), .threads = 0};
    }
    usage->cpu += read_exact_cpu(process).value_or(from_ticks(stat->own_ticks)) + from_ticks(stat->child_ticks);
    usage->threads += stat->threads;
  }
  return usage;
}

}  // namespace fanin::load
