#include "harness/machine/machine.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "harness/machine/fingerprint.h"
#include "os/procfs.h"

namespace fanin::harness {

std::optional<CpuTimes> parse_cpu_times(const std::string& stat) {
  std::istringstream lines(stat);
  std::string label;
  std::uint64_t user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
  if (!(lines >> label >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal) || label != "cpu") {
    return std::nullopt;
  }
  const auto tick = 1'000'000'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  CpuTimes times;
  times.idle = net::Nanoseconds(static_cast<std::int64_t>((idle + iowait) * tick));
  times.steal = net::Nanoseconds(static_cast<std::int64_t>(steal * tick));
  for (std::string line; std::getline(lines, line);) {
    times.cpus += line.rfind("cpu", 0) == 0 ? 1 : 0;
  }
  return times;
}

MachineReading read_machine_cpu() {
  MachineReading reading;
  const auto stat = os::read_file("/proc/stat");
  reading.at = net::now();
  if (const auto times = stat ? parse_cpu_times(*stat) : std::nullopt) {
    reading.cpus = times->cpus;
    reading.idle = times->idle;
    reading.steal = times->steal;
  }
  return reading;
}

std::map<std::string, std::int64_t> read_netstat() {
  std::map<std::string, std::int64_t> values = os::parse_netstat(os::read_file("/proc/net/netstat").value_or(""));
  values.merge(os::parse_netstat(os::read_file("/proc/net/snmp").value_or("")));
  return values;
}

MachineUse subtract_readings(const MachineReading& before, const MachineReading& after) {
  MachineUse use;
  if (before.idle && after.idle && before.steal && after.steal) {
    use.steal = *after.steal - *before.steal;
    const net::Nanoseconds wall = (after.at - before.at) * after.cpus;
    use.cpu_busy = std::max(net::Nanoseconds::zero(), wall - (*after.idle - *before.idle) - *use.steal);
  }
  for (const auto& [name, value] : after.netstat) {
    const auto earlier = before.netstat.find(name);
    if (earlier != before.netstat.end() && value != earlier->second) {
      use.netstat[name] = value - earlier->second;
    }
  }
  return use;
}

namespace {

constexpr std::uint64_t kKibibyte = 1024;
constexpr net::Nanoseconds kBetweenReadings = std::chrono::milliseconds(10);
constexpr int kQuietReadings = 5;

// The kernel counts pages per CPU and folds them into the sum once a second; until then the sum may lack some hundred
// KiB. Reading this file folds at once. Only root may, and without it the reading is merely coarser.
void fold_page_counters() { os::read_file("/proc/sys/vm/stat_refresh"); }

std::optional<std::uint64_t> parse_task_count(std::string_view loadavg) {
  const std::size_t slash = loadavg.find('/');
  if (slash == std::string_view::npos) {
    return std::nullopt;
  }
  const std::vector<int> numbers = os::parse_numbers(loadavg.substr(slash + 1));
  return numbers.empty() || numbers.front() <= 0 ? std::nullopt : std::optional<std::uint64_t>(numbers.front());
}

}  // namespace

std::optional<std::uint64_t> parse_slab_bytes(std::string_view meminfo) {
  const auto slab = os::find_labelled_number(meminfo, "Slab");
  return slab ? std::optional(*slab * kKibibyte) : std::nullopt;
}

std::optional<std::uint64_t> parse_kernel_stack_size(std::string_view meminfo, std::string_view loadavg) {
  const auto stacks = os::find_labelled_number(meminfo, "KernelStack");
  const auto tasks = parse_task_count(loadavg);
  if (!stacks || !tasks || *stacks == 0) {
    return std::nullopt;
  }
  const double each = static_cast<double>(*stacks) / static_cast<double>(*tasks);
  const double power = std::round(std::log2(each));
  // Tasks come and go between the two readings, and some stacks are kept for the next task: a tenth is allowed for.
  const bool fits = power >= 2 && power <= 6 && std::fabs(each / std::exp2(power) - 1) < 0.1;
  return fits ? std::optional(static_cast<std::uint64_t>(std::exp2(power)) * kKibibyte) : std::nullopt;
}

std::optional<std::uint64_t> read_kernel_stack_size() {
  return parse_kernel_stack_size(os::read_file("/proc/meminfo").value_or(""),
                                 os::read_file("/proc/loadavg").value_or(""));
}

bool Settling::has_ended(std::uint64_t reading) noexcept {
  const bool moved = !extreme_ || (trend_ == Trend::kGrows ? reading > *extreme_ : reading < *extreme_);
  quiet_ = moved ? 0 : quiet_ + 1;
  extreme_ = moved ? reading : *extreme_;
  return quiet_ >= kQuietReadings;
}

std::optional<std::uint64_t> read_settled_slab_bytes(Trend trend, net::Nanoseconds at_most) {
  const net::TimePoint deadline = net::now() + at_most;
  Settling settling(trend);
  for (;;) {
    fold_page_counters();
    const std::string meminfo = os::read_file("/proc/meminfo").value_or("");
    const auto slab = parse_slab_bytes(meminfo);
    const std::uint64_t stacks = os::find_labelled_number(meminfo, "KernelStack").value_or(0) * kKibibyte;
    if (!slab || settling.has_ended(*slab + stacks)) {
      return slab;
    }
    if (net::now() + kBetweenReadings > deadline) {
      return std::nullopt;
    }
    std::this_thread::sleep_for(kBetweenReadings);
  }
}

Placement choose_placement(const std::vector<int>& allowed) {
  if (allowed.size() < 2) {
    return {false, allowed, allowed};
  }
  return {true, {allowed.front()}, {allowed.begin() + 1, allowed.end()}};
}

std::vector<int> Placement::all_cpus() const {
  std::vector<int> all = server_cpus;
  all.insert(all.end(), client_cpus.begin(), client_cpus.end());
  return all;
}

Json Placement::to_json() const {
  return {{"mode", split ? "split" : "shared"}, {"server_cpus", server_cpus}, {"client_cpus", client_cpus}};
}

namespace {

using Number = MachineLimits::Number;

Number to_number(std::string_view word) {
  if (word == "unlimited" || word == "max") {
    return MachineLimits::kUnlimited;
  }
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc{} && end == word.data() + word.size() ? Number(number) : std::nullopt;
}

std::vector<std::string> split_words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) {
    words.push_back(word);
  }
  return words;
}

// The `place`th number of a file.
Number read_number(const std::string& path, std::size_t place = 0) {
  const auto words = split_words(os::read_file(path).value_or(""));
  return place < words.size() ? to_number(words[place]) : std::nullopt;
}

// Of a number that the kernel writes below zero where a network namespace has it from another one.
Number read_magnitude(const std::string& path) {
  const std::string text = os::read_trimmed(path).value_or("");
  return to_number(text.substr(text.rfind('-', 0) == 0 ? 1 : 0));
}

// Of a line such as "Max open files            1024                 524288               files".
struct Resource {
  Number soft;
  Number hard;
};
Resource resource_limit(const std::string& limits, const std::string& name) {
  const std::size_t at = limits.find(name);
  if (at == std::string::npos) {
    return {};
  }
  const auto words = split_words(limits.substr(at + name.size(), limits.find('\n', at) - at - name.size()));
  return words.size() < 2 ? Resource{} : Resource{to_number(words[0]), to_number(words[1])};
}

// The number behind `name` on the line "TCP: inuse 1 orphan 0 tw 0 alloc 1 mem 0".
Number find_tcp_number(const std::string& sockstat, const std::string& name) {
  std::istringstream lines(sockstat);
  for (std::string line; std::getline(lines, line);) {
    const auto words = split_words(line);
    const auto found = std::find(words.begin(), words.end(), name);
    if (!words.empty() && words.front() == "TCP:" && found != words.end() && found + 1 != words.end()) {
      return to_number(found[1]);
    }
  }
  return std::nullopt;
}

Number sum(const Number& a, const Number& b) { return a && b ? Number(*a + *b) : std::nullopt; }

Number tasks_in_use(const std::string& root) {
  const auto words = split_words(os::read_file(root + "/proc/loadavg").value_or(""));  // "0.1 0.2 0.3 2/114 4711"
  const std::size_t slash = words.size() > 3 ? words[3].find('/') : std::string::npos;
  return slash == std::string::npos ? std::nullopt : to_number(std::string_view(words[3]).substr(slash + 1));
}

// The lines "key number" of memory.stat.
std::uint64_t statistic(const std::string& text, const std::string& key) {
  const auto words = split_words(text);
  const auto found = std::find(words.begin(), words.end(), key);
  return found != words.end() && found + 1 != words.end() ? to_number(found[1]).value_or(0) : 0;
}

// Memory that the control group leaves. Its inactive file pages count as used there, but can be reclaimed.
Number group_memory_available(const std::string& root) {
  const std::string folder = find_cgroup(os::read_file(root + "/proc/self/cgroup").value_or(""), "memory");
  const std::string mount = root + "/sys/fs/cgroup";
  for (const std::string& group : {mount + folder, mount}) {
    if (const Number limit = read_number(group + "/memory.max")) {
      const std::string statistics = os::read_file(group + "/memory.stat").value_or("");
      const std::uint64_t used = read_number(group + "/memory.current").value_or(0);
      const std::uint64_t in_the_way = used - std::min(used, statistic(statistics, "inactive_file"));
      return *limit == MachineLimits::kUnlimited ? *limit : *limit - std::min(*limit, in_the_way);
    }
  }
  for (const std::string& group : {mount + "/memory" + folder, mount + "/memory"}) {
    if (const Number limit = read_number(group + "/memory.limit_in_bytes")) {
      const std::string statistics = os::read_file(group + "/memory.stat").value_or("");
      const std::uint64_t used = read_number(group + "/memory.usage_in_bytes").value_or(0);
      const std::uint64_t in_the_way = used - std::min(used, statistic(statistics, "total_inactive_file"));
      constexpr std::uint64_t kNone = std::uint64_t{1} << 62;  // "no limit" is the highest multiple of a page
      return *limit >= kNone ? MachineLimits::kUnlimited : *limit - std::min(*limit, in_the_way);
    }
  }
  return MachineLimits::kUnlimited;  // in no group that could limit it
}

void read_network(const std::string& root, MachineLimits& limits) {
  const std::string sysctl = root + "/proc/sys/net/";
  limits.first_port = read_number(sysctl + "ipv4/ip_local_port_range", 0);
  limits.last_port = read_number(sysctl + "ipv4/ip_local_port_range", 1);
  limits.somaxconn = read_number(sysctl + "core/somaxconn");
  limits.established_buckets = read_magnitude(sysctl + "ipv4/tcp_ehash_entries");
  limits.syn_backlog = read_number(sysctl + "ipv4/tcp_max_syn_backlog");
  for (std::size_t i = 0; i < limits.tcp_mem_pages.size(); ++i) {
    limits.tcp_mem_pages[i] = read_number(sysctl + "ipv4/tcp_mem", i);
  }
  limits.tcp_rmem = os::read_trimmed(sysctl + "ipv4/tcp_rmem").value_or("");
  limits.tcp_wmem = os::read_trimmed(sysctl + "ipv4/tcp_wmem").value_or("");
  const std::string sockstat = os::read_file(root + "/proc/net/sockstat").value_or("");
  limits.tcp_pages_in_use = find_tcp_number(sockstat, "mem");
  limits.tcp_sockets = sum(find_tcp_number(sockstat, "inuse"), find_tcp_number(sockstat, "tw"));
  limits.has_conntrack = os::read_file(sysctl + "netfilter/nf_conntrack_max").has_value();
  limits.conntrack_max = read_number(sysctl + "netfilter/nf_conntrack_max");
  limits.conntrack_in_use = read_number(sysctl + "netfilter/nf_conntrack_count");
}

}  // namespace

MachineLimits read_machine_limits(const std::string& root) {
  MachineLimits limits;
  const std::string own = os::read_file(root + "/proc/self/limits").value_or("");
  const Resource descriptors = resource_limit(own, "Max open files");
  limits.descriptors_soft = descriptors.soft;
  limits.descriptors_hard = descriptors.hard;
  limits.processes_hard = resource_limit(own, "Max processes").hard;
  limits.memlock_bytes = resource_limit(own, "Max locked memory").hard;
  limits.nr_open = read_number(root + "/proc/sys/fs/nr_open");
  limits.file_max = read_number(root + "/proc/sys/fs/file-max");
  limits.files_in_use = read_number(root + "/proc/sys/fs/file-nr");
  limits.epoll_watches = read_number(root + "/proc/sys/fs/epoll/max_user_watches");
  read_network(root, limits);
  if (const auto available =
          os::find_labelled_number(os::read_file(root + "/proc/meminfo").value_or(""), "MemAvailable")) {
    limits.memory_available_bytes = *available * 1024;
  }
  limits.group_memory_available_bytes = group_memory_available(root);
  limits.threads_max = read_number(root + "/proc/sys/kernel/threads-max");
  limits.pid_max = read_number(root + "/proc/sys/kernel/pid_max");
  limits.tasks_in_use = tasks_in_use(root);
  limits.io_uring_disabled = read_number(root + "/proc/sys/kernel/io_uring_disabled");
  limits.perf_event_paranoid = read_number(root + "/proc/sys/kernel/perf_event_paranoid");
  return limits;
}

}  // namespace fanin::harness
