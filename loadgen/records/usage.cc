#include "loadgen/records/usage.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "net/descriptor.h"
#include "os/procfs.h"

namespace fanin::load {
namespace {

Nanoseconds from_timeval(const timeval& time) noexcept {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

// Nothing if there is no such process.
std::optional<Nanoseconds> read_exact_cpu(pid_t pid) { return os::read_cpu_clock(pid, os::CpuClock::kScheduler); }

// Of the children that it has waited for, in ticks of 10 ms.
Nanoseconds read_reaped_cpu(pid_t pid) {
  const auto stat = os::read_file(fmt::format("/proc/{}/stat", pid));
  const auto reaped = stat ? os::parse_reaped_time(*stat) : std::nullopt;
  return reaped ? reaped->user + reaped->system : Nanoseconds(0);
}

std::vector<int> list_tasks(pid_t pid) { return os::list_numbered_entries(fmt::format("/proc/{}/task", pid)); }

// The CPUs that any of them may use.
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

std::optional<ThreadUsage> read_schedstat(const char* path) noexcept {
  const net::Descriptor file(::open(path, O_RDONLY | O_CLOEXEC));
  std::array<char, 128> buffer{};
  const ssize_t length = file ? ::read(file.get(), buffer.data(), buffer.size()) : -1;
  return length > 0 ? parse_schedstat({buffer.data(), static_cast<std::size_t>(length)}) : std::nullopt;
}

// A reading takes about 10 us, on a CPU that generator or server use.
constexpr unsigned kMaxTasks = 64;

std::vector<TaskTimes> read_tasks(const std::vector<pid_t>& processes) {
  std::vector<TaskTimes> tasks;
  for (const pid_t process : processes) {
    for (const int task : list_tasks(process)) {
      const auto usage = read_schedstat(fmt::format("/proc/{}/task/{}/schedstat", process, task).c_str());
      if (usage && usage->run_queue_wait) {
        tasks.push_back({task, usage->cpu, *usage->run_queue_wait});
      }
    }
  }
  return tasks;
}

// Threads that use less than this share of the busiest thread's CPU time do not count as working.
constexpr double kWorking = 0.05;

std::optional<Nanoseconds> find_run_queue_wait(const ServerUsage& before, const ServerUsage& after) {
  std::vector<TaskTimes> used;
  for (const TaskTimes& later : after.tasks) {
    const auto earlier = std::find_if(before.tasks.begin(), before.tasks.end(),
                                      [&](const TaskTimes& task) { return task.task == later.task; });
    if (earlier != before.tasks.end()) {
      used.push_back({later.task, later.cpu - earlier->cpu, later.run_queue_wait - earlier->run_queue_wait});
    }
  }
  const auto busiest = std::max_element(
      used.begin(), used.end(), [](const TaskTimes& one, const TaskTimes& other) { return one.cpu < other.cpu; });
  const auto works = [&](const TaskTimes& task) { return task.cpu > kWorking * busiest->cpu; };
  return busiest != used.end() && std::count_if(used.begin(), used.end(), works) <= after.cpus
             ? std::optional(busiest->run_queue_wait)
             : std::nullopt;
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

pid_t find_parent(pid_t pid) {
  const auto stat = os::read_file(fmt::format("/proc/{}/stat", pid));
  return stat ? os::parse_parent(*stat).value_or(0) : 0;
}

std::vector<pid_t> process_tree(const std::vector<pid_t>& roots) {
  std::vector<pid_t> tree = roots;
  for (std::size_t i = 0; i < tree.size(); ++i) {
    for (const pid_t child : os::list_children(tree[i])) {
      if (child != ::getpid()) {
        tree.push_back(child);
      }
    }
  }
  return tree;
}

ServerMeter::ServerMeter(std::vector<pid_t> roots) : roots_(std::move(roots)) {}

void ServerMeter::discover() {
  processes_.clear();
  reapers_.clear();
  threads_ = 0;
  for (const pid_t process : process_tree(roots_)) {
    const std::size_t threads = list_tasks(process).size();
    if (threads == 0) {
      continue;  // it has ended
    }
    processes_.push_back(process);
    threads_ += static_cast<unsigned>(threads);
    if (read_reaped_cpu(process) > Nanoseconds(0) || !os::list_children(process).empty()) {
      reapers_.push_back(process);
    }
  }
}

void ServerMeter::open() {
  opened_ = read();
  if (opened_ && threads_ <= kMaxTasks) {
    opened_->tasks = read_tasks(processes_);
  }
}

void ServerMeter::close() { closed_ = opened_ ? read() : std::nullopt; }

std::optional<ServerUsage> ServerMeter::usage() const {
  std::optional<ServerUsage> closed = closed_;
  if (!closed) {
    return std::nullopt;
  }
  const std::vector<pid_t> processes = process_tree(roots_);
  closed->cpus = count_allowed_cpus(roots_);
  closed->threads = 0;
  for (const pid_t process : processes) {
    const auto is_in = [process](const std::vector<pid_t>& known) {
      return std::find(known.begin(), known.end(), process) != known.end();
    };
    closed->threads += static_cast<unsigned>(list_tasks(process).size());
    closed->cpu += is_in(processes_) ? Nanoseconds(0) : read_exact_cpu(process).value_or(Nanoseconds(0));
    closed->cpu += is_in(reapers_) ? Nanoseconds(0) : read_reaped_cpu(process);
  }
  if (closed->threads <= kMaxTasks) {
    closed->tasks = read_tasks(processes);
  }
  return usage_between(*opened_, *closed);
}

std::optional<ServerUsage> ServerMeter::read() const {
  std::optional<ServerUsage> usage;
  for (const pid_t process : processes_) {
    if (const auto cpu = read_exact_cpu(process)) {
      usage = usage ? usage : ServerUsage{};
      usage->cpu += *cpu;
    }
  }
  for (const pid_t process : reapers_) {
    if (usage) {
      usage->cpu += read_reaped_cpu(process);
    }
  }
  return usage;
}

ServerUsage usage_between(const ServerUsage& before, const ServerUsage& after) {
  return {.cpu = std::max(Nanoseconds(0), after.cpu - before.cpu),
          .cpus = after.cpus,
          .threads = after.threads,
          .run_queue_wait = find_run_queue_wait(before, after)};
}

// Fields: ns on a CPU, ns on a run queue, number of times it got a CPU. A kernel that does not count prints "0 0 0",
// and the calling thread has had a CPU.
std::optional<ThreadUsage> parse_schedstat(std::string_view schedstat) noexcept {
  std::array<std::uint64_t, 3> fields{};
  const char* at = schedstat.data();
  const char* const end = at + schedstat.size();
  for (std::uint64_t& field : fields) {
    at = std::find_if(at, end, [](char c) { return c != ' '; });
    const auto [after, error] = std::from_chars(at, end, field);
    if (error != std::errc{}) {
      return std::nullopt;
    }
    at = after;
  }
  return fields[2] > 0 ? std::make_optional(ThreadUsage{Nanoseconds(fields[0]), Nanoseconds(fields[1])}) : std::nullopt;
}

ThreadUsage thread_usage() noexcept {
  ThreadUsage usage;
  if (const auto read = read_schedstat("/proc/thread-self/schedstat")) {
    usage.run_queue_wait = read->run_queue_wait;
  }
  usage.cpu = net::thread_cpu_time();
  return usage;
}

ProcessClock::ProcessClock(const std::vector<pid_t>& roots) {
  for (const pid_t process : process_tree(roots)) {
    clockid_t clock{};
    int error = ::clock_getcpuclockid(process, &clock);
    if (timespec time{}; error == 0 && ::clock_gettime(clock, &time) != 0) {
      error = errno;  // clock_getcpuclockid() also succeeds without such a process
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
