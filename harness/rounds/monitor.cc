#include "harness/rounds/monitor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "os/procfs.h"

namespace fanin::harness {
namespace {

// Beyond this many tasks the readings at the window's borders would disturb the generator (about 3 us each).
constexpr std::size_t kMaxWatchedTasks = 4096;

constexpr net::Nanoseconds kTick = std::chrono::milliseconds(10);  // of the time at which a task began

CpuReading reaped_time(pid_t process) {
  const auto stat = os::read_file(fmt::format("/proc/{}/stat", process));
  const auto reaped = stat ? os::parse_reaped_time(*stat) : std::nullopt;
  const net::Nanoseconds total = reaped ? reaped->user + reaped->system : net::Nanoseconds::zero();
  return {total, reaped ? reaped->user : net::Nanoseconds::zero(), total, total};
}

CpuReading& operator+=(CpuReading& sum, const CpuReading& term) {
  sum.total += term.total;
  sum.user_ticks += term.user_ticks;
  sum.total_ticks += term.total_ticks;
  sum.reaped += term.reaped;
  return sum;
}

template <typename Number>
void add(std::optional<Number>& sum, const std::optional<Number>& term) {
  sum = sum && term ? std::optional<Number>(*sum + *term) : std::nullopt;
}

std::optional<std::uint64_t> kibibytes(const std::optional<std::string>& text, std::string_view key) {
  const auto number = text ? os::find_labelled_number(*text, key) : std::nullopt;
  return number ? std::optional<std::uint64_t>(*number * 1024) : std::nullopt;
}

std::optional<std::uint64_t> count_descriptors(const std::string& task) {
  const std::string directory = task + "/fd";
  if (::access(directory.c_str(), R_OK | X_OK) != 0) {
    return std::nullopt;
  }
  return os::list_numbered_entries(directory).size();
}

std::optional<Switches> parse_switches(std::string_view status) {
  const auto voluntary = os::find_labelled_number(status, "voluntary_ctxt_switches");
  const auto involuntary = os::find_labelled_number(status, "nonvoluntary_ctxt_switches");
  return voluntary && involuntary ? std::optional(Switches{*voluntary, *involuntary}) : std::nullopt;
}

bool is_zombie(const std::optional<std::string>& status) {
  return status && status->find("\nState:\tZ") != std::string::npos;
}

// The directory of a thread that still lives: what a process holds is read there, since the main thread may have ended
// before the others, and has nothing to show then. Nothing where the process has ended and waits for its parent.
std::optional<std::string> living_task(pid_t process) {
  const std::string main = fmt::format("/proc/{}", process);
  if (!is_zombie(os::read_file(main + "/status"))) {
    return main;
  }
  for (const int task : os::list_numbered_entries(main + "/task")) {
    std::string directory = fmt::format("{}/task/{}", main, task);
    if (const auto status = os::read_file(directory + "/status"); status && !is_zombie(status)) {
      return directory;
    }
  }
  return std::nullopt;
}

}  // namespace

net::Nanoseconds boot_time() {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return std::chrono::seconds(time.tv_sec) + net::Nanoseconds(time.tv_nsec);
}

CpuUse subtract_cpu(const CpuReading& before, const CpuReading& after) {
  // Reaped time comes in whole ticks, so a tree that did nothing may seem to have done a little less than that.
  CpuUse use{std::max(net::Nanoseconds::zero(), after.total - before.total), std::nullopt, std::nullopt};
  const auto ticks = after.total_ticks - before.total_ticks;
  const bool has_split = 10 * (after.reaped - before.reaped) <= use.total;
  if (has_split && ticks > net::Nanoseconds::zero()) {
    const double share =
        static_cast<double>((after.user_ticks - before.user_ticks).count()) / static_cast<double>(ticks.count());
    use.user = net::Nanoseconds(
        static_cast<std::int64_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(use.total.count())));
    use.system = use.total - *use.user;
  }
  return use;
}

std::vector<Monitor::Task> Monitor::walk() const {
  std::vector<Task> tasks;
  for (const pid_t process : os::list_descendants(root_)) {
    for (const pid_t task : os::list_numbered_entries(fmt::format("/proc/{}/task", process))) {
      tasks.push_back({process, task});
    }
  }
  std::sort(tasks.begin(), tasks.end());
  return tasks;
}

void Monitor::discover() {
  tasks_ = walk();
  forking_tasks_ = {{root_, root_}};
  reapers_ = {root_};
  task_status_.clear();
  const std::vector<pid_t> leaders = os::list_children(root_, root_);
  for (const Task& task : tasks_) {
    const bool is_main = task.task == task.process;
    const bool is_leader = is_main && std::find(leaders.begin(), leaders.end(), task.process) != leaders.end();
    const bool may_fork = is_leader || !os::list_children(task.process, task.task).empty();
    if (may_fork) {
      forking_tasks_.push_back(task);
    }
    if ((may_fork || (is_main && reaped_time(task.process).total_ticks > net::Nanoseconds::zero())) &&
        std::find(reapers_.begin(), reapers_.end(), task.process) == reapers_.end()) {
      reapers_.push_back(task.process);
    }
    if (tasks_.size() <= kMaxWatchedTasks) {
      const std::string path = fmt::format("/proc/{}/task/{}/status", task.process, task.task);
      task_status_.emplace_back(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    }
  }
}

// Of processes and what `reapers` have collected. One that has just ended counts among what its parent has collected.
CpuReading Monitor::sum_clocks(const std::vector<pid_t>& processes, const std::vector<pid_t>& reapers) {
  CpuReading sum;
  for (const pid_t process : processes) {
    const auto total = os::read_cpu_clock(process, os::CpuClock::kScheduler);
    const auto user = os::read_cpu_clock(process, os::CpuClock::kUserTicks);
    const auto ticks = os::read_cpu_clock(process, os::CpuClock::kUserAndSystemTicks);
    if (total && user && ticks) {
      sum += {*total, *user, *ticks};
    }
  }
  for (const pid_t process : reapers) {
    sum += reaped_time(process);
  }
  return sum;
}

std::optional<CpuReading> Monitor::read_cpu_of_known_tasks() const {
  std::vector<pid_t> processes;
  for (const Task& task : forking_tasks_) {
    const std::vector<pid_t> children = os::list_children(task.process, task.task);
    processes.insert(processes.end(), children.begin(), children.end());
  }
  return processes.empty() ? std::nullopt : std::optional(sum_clocks(processes, reapers_));
}

std::optional<CpuReading> Monitor::read_cpu_of_tree() const {
  const std::vector<pid_t> processes = os::list_descendants(root_);
  std::vector<pid_t> reapers = processes;
  reapers.push_back(root_);
  return processes.empty() ? std::nullopt : std::optional(sum_clocks(processes, reapers));
}

std::optional<Switches> Monitor::switches() const {
  if (task_status_.empty() || task_status_.size() != tasks_.size()) {
    return std::nullopt;
  }
  Switches sum;
  std::array<char, 8192> buffer;
  for (const net::Descriptor& status : task_status_) {
    const ssize_t size = status ? ::pread(status.get(), buffer.data(), buffer.size(), 0) : -1;
    const auto read = size > 0 ? parse_switches({buffer.data(), static_cast<std::size_t>(size)}) : std::nullopt;
    if (!read) {
      return std::nullopt;
    }
    sum += *read;
  }
  return sum;
}

std::optional<Switches> Monitor::switches_of_new_tasks(net::Nanoseconds opened) const {
  Switches sum;
  for (const Task& task : walk()) {
    if (std::binary_search(tasks_.begin(), tasks_.end(), task)) {
      continue;
    }
    const std::string directory = fmt::format("/proc/{}/task/{}", task.process, task.task);
    const auto stat = os::read_file(directory + "/stat");
    const auto began = stat ? os::parse_start_time(*stat) : std::nullopt;
    const auto status = os::read_file(directory + "/status");
    const auto read = status ? parse_switches(*status) : std::nullopt;
    if (!read || !began || *began + kTick < opened) {
      return std::nullopt;
    }
    sum += *read;
  }
  return sum;
}

bool Monitor::has_same_tasks() const {
  const std::vector<Task> tasks = walk();
  return std::equal(tasks.begin(), tasks.end(), tasks_.begin(), tasks_.end(),
                    [](const Task& a, const Task& b) { return a.process == b.process && a.task == b.task; });
}

Footprint Monitor::footprint() const {
  Footprint print{0, 0, 0, 0, 0, 0};
  for (const pid_t process : os::list_descendants(root_)) {
    const auto task = living_task(process);
    if (!task) {
      continue;
    }
    const auto status = os::read_file(*task + "/status");
    ++print.processes;
    add(print.threads, status ? os::find_labelled_number(*status, "Threads") : std::nullopt);
    add(print.page_table_bytes, kibibytes(status, "VmPTE"));
    const auto rollup = os::read_file(*task + "/smaps_rollup");
    add(print.rss_bytes, kibibytes(rollup, "Rss"));
    add(print.pss_bytes, kibibytes(rollup, "Pss"));
    add(print.descriptors, count_descriptors(*task));
  }
  return print;
}

}  // namespace fanin::harness
