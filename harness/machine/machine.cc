#include "harness/machine/machine.h"

#include <unistd.h>

#include <algorithm>
#include <sstream>

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

MachineUse machine_between(const MachineReading& before, const MachineReading& after) {
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

}  // namespace fanin::harness
