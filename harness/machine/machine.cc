#include "harness/machine/machine.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <thread>

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
  times.idle = Nanoseconds(static_cast<std::int64_t>((idle + iowait) * tick));
  times.steal = Nanoseconds(static_cast<std::int64_t>(steal * tick));
  for (std::string line; std::getline(lines, line);) {
    times.cpus += line.rfind("cpu", 0) == 0 ? 1 : 0;
  }
  return times;
}

MachineReading read_machine_cpu() {
  MachineReading reading;
  const auto stat = read_file("/proc/stat");
  reading.at = now();
  if (const auto times = stat ? parse_cpu_times(*stat) : std::nullopt) {
    reading.cpus = times->cpus;
    reading.idle = times->idle;
    reading.steal = times->steal;
  }
  return reading;
}

std::map<std::string, std::int64_t> read_netstat() {
  std::map<std::string, std::int64_t> values = parse_netstat(read_file("/proc/net/netstat").value_or(""));
  values.merge(parse_netstat(read_file("/proc/net/snmp").value_or("")));
  return values;
}

MachineUse subtract_readings(const MachineReading& before, const MachineReading& after) {
  MachineUse use;
  if (before.idle && after.idle && before.steal && after.steal) {
    use.steal = *after.steal - *before.steal;
    const Nanoseconds wall = (after.at - before.at) * after.cpus;
    use.cpu_busy = std::max(Nanoseconds::zero(), wall - (*after.idle - *before.idle) - *use.steal);
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
constexpr Nanoseconds kBetweenReadings = std::chrono::milliseconds(10);
constexpr int kQuietReadings = 5;

// The kernel counts pages per CPU and folds them into the sum once a second; until then the sum may lack some hundred
// KiB. Reading this file folds at once. Only root may, and without it the reading is merely coarser.
void fold_page_counters() { read_file("/proc/sys/vm/stat_refresh"); }

std::optional<std::uint64_t> parse_task_count(std::string_view loadavg) {
  const std::size_t slash = loadavg.find('/');
  if (slash == std::string_view::npos) {
    return std::nullopt;
  }
  const std::vector<int> numbers = parse_numbers(loadavg.substr(slash + 1));
  return numbers.empty() || numbers.front() <= 0 ? std::nullopt : std::optional<std::uint64_t>(numbers.front());
}

}  // namespace

std::optional<std::uint64_t> parse_slab_bytes(std::string_view meminfo) {
  const auto slab = find_labelled_number(meminfo, "Slab");
  return slab ? std::optional(*slab * kKibibyte) : std::nullopt;
}

std::optional<std::uint64_t> parse_kernel_stack_size(std::string_view meminfo, std::string_view loadavg) {
  const auto stacks = find_labelled_number(meminfo, "KernelStack");
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

std::optional<std::uint64_t> read_slab_bytes() {
  fold_page_counters();
  return parse_slab_bytes(read_file("/proc/meminfo").value_or(""));
}

std::optional<std::uint64_t> read_kernel_stack_size() {
  return parse_kernel_stack_size(read_file("/proc/meminfo").value_or(""), read_file("/proc/loadavg").value_or(""));
}

std::optional<std::uint64_t> read_settled_slab_bytes(Nanoseconds at_most) {
  const TimePoint deadline = now() + at_most;
  std::uint64_t most = 0;
  for (int quiet = 0;;) {
    fold_page_counters();
    const std::string meminfo = read_file("/proc/meminfo").value_or("");
    const auto slab = parse_slab_bytes(meminfo);
    const std::uint64_t held = slab.value_or(0) + find_labelled_number(meminfo, "KernelStack").value_or(0) * kKibibyte;
    quiet = held > most ? 0 : quiet + 1;
    most = std::max(most, held);
    if (!slab || quiet >= kQuietReadings) {
      return slab;
    }
    if (now() + kBetweenReadings > deadline) {
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

Json Placement::to_json() const {
  return {{"mode", split ? "split" : "shared"}, {"server_cpus", server_cpus}, {"client_cpus", client_cpus}};
}

}  // namespace fanin::harness
