#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

#include "os/procfs.h"

namespace fanin::os {
namespace {

constexpr double kBusyPressure = 0.20;

// Fields of a line "cpu ..." in /proc/stat, its name first: user, nice, system, idle, iowait, irq, softirq, steal.
constexpr std::size_t kIdleField = 4;
constexpr std::size_t kStealField = 8;

std::string read_text(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The value of "KEY=" in the line that begins with "some".
template <typename Number>
std::optional<Number> read_pressure(std::string_view text, std::string_view key) {
  std::istringstream line{std::string(text.substr(0, text.find('\n')))};
  std::string word;
  if (!(line >> word) || word != "some") {
    return std::nullopt;
  }
  while (line >> word) {
    if (word.starts_with(key)) {
      Number number{};
      std::istringstream value(word.substr(key.size()));
      return value >> number ? std::optional(number) : std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<double> share(std::optional<net::Nanoseconds> before, std::optional<net::Nanoseconds> after,
                            net::Nanoseconds whole) {
  if (!before || !after || whole <= net::Nanoseconds(0)) {
    return std::nullopt;
  }
  return std::clamp(static_cast<double>((*after - *before).count()) / static_cast<double>(whole.count()), 0.0, 1.0);
}

}  // namespace

MachineLoad parse_machine_load(std::string_view loadavg, std::string_view pressure, std::string_view stat,
                               long ticks_per_s) {
  MachineLoad load;
  std::istringstream averages{std::string(loadavg)};
  if (double first = 0; averages >> first) {
    load.load_average = first;
  }
  if (const auto percent = read_pressure<double>(pressure, "avg10=")) {
    load.pressure_avg10 = *percent / 100;
  }
  if (const auto us = read_pressure<std::int64_t>(pressure, "total=")) {
    load.pressure = std::chrono::microseconds(*us);
  }
  std::istringstream fields{std::string(stat.substr(0, stat.find('\n')))};
  std::vector<std::string> words;
  for (std::string word; fields >> word;) {
    words.push_back(word);
  }
  if (words.size() > kStealField && ticks_per_s > 0) {
    const net::Nanoseconds tick(1'000'000'000 / ticks_per_s);
    load.steal = tick * std::stoll(words[kStealField]);
    load.idle = tick * (std::stoll(words[kIdleField]) + std::stoll(words[kIdleField + 1]));
  }
  return load;
}

MachineLoad read_machine_load() {
  MachineLoad load = parse_machine_load(read_text("/proc/loadavg"), read_text("/proc/pressure/cpu"),
                                        read_text("/proc/stat"), ::sysconf(_SC_CLK_TCK));
  load.at = net::now();
  load.cpus = static_cast<unsigned>(::sysconf(_SC_NPROCESSORS_ONLN));
  return load;
}

// The load average alone would still count a run that ended half a minute ago.
std::string why_busy(const MachineLoad& load) {
  const std::string average = load.load_average ? fmt::format("; load average {:.2f}", *load.load_average) : "";
  const std::string cpus = fmt::format("{} CPU{}", load.cpus, load.cpus == 1 ? "" : "s");
  if (load.pressure_avg10) {
    return *load.pressure_avg10 >= kBusyPressure
               ? fmt::format("something waited for one of its {} {:.0f} % of the last 10 s{}", cpus,
                             *load.pressure_avg10 * 100, average)
               : "";
  }
  return load.load_average.value_or(0) >= load.cpus
             ? fmt::format("its load average is {:.2f} with {}", *load.load_average, cpus)
             : "";
}

MachineShares shares_between(const MachineLoad& before, const MachineLoad& after) {
  const net::Nanoseconds time = after.at - before.at;
  MachineShares shares{share(before.pressure, after.pressure, time),
                       share(before.steal, after.steal, time * after.cpus)};
  if (const auto idle = share(before.idle, after.idle, time * after.cpus); idle && shares.steal) {
    shares.busy = std::max(0.0, 1 - *idle - *shares.steal);
  }
  return shares;
}

}  // namespace fanin::os
