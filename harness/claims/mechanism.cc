#include "harness/claims/mechanism.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "os/format.h"

namespace fanin::harness {
namespace {

// A count that a side makes for each request, or otherwise says what it does.
struct Count {
  const char* metric;
  const char* noun;
  double least;  // a smaller difference explains nothing
};

constexpr std::array kCounts{
    Count{"server_syscalls_per_request", "system calls per request", 0.2},
    Count{"server_waits_per_request", "waits per request", 0.1},
    Count{"server_events_per_wait", "events per wait", 0.3},
    Count{"server_epoll_ctl_per_request", "epoll_ctl calls per request", 0.05},
    Count{"server_would_block_per_request", "EAGAINs per request", 0.1},
    Count{"server_switches_per_request", "context switches per request", 0.1},
};
// What memory_total_bytes is the sum of.
constexpr const char* kTotalMemory = "memory_total_bytes";
constexpr std::array<std::pair<const char*, const char*>, 4> kMemoryParts{
    {{"server_pss_bytes", "user memory"},
     {"server_page_table_bytes", "page tables"},
     {"server_kernel_stack_bytes", "kernel stacks"},
     {"machine_slab_bytes", "slab memory"}}};
constexpr const char* kUser = "server_cpu_user_per_request_ns";
constexpr const char* kSystem = "server_cpu_system_per_request_ns";
constexpr const char* kUtilisation = "server_cpu_utilisation";
constexpr const char* kTotal = "server_cpu_per_request_ns";
constexpr const char* kWaits = "server_waits_per_request";
constexpr const char* kBareWait = "bare_wait_ns";  // of fanin-micro, with as many descriptors

std::optional<double> find_figure(const MechanismFigures& figures, const char* metric) {
  const auto found = figures.find(metric);
  return found == figures.end() ? std::nullopt : found->second;
}

// "27.5 MiB instead of 5.06 MiB: kernel stacks 61 %, user memory 22 % of the difference"
std::string describe_memory(const MechanismFigures& base, const MechanismFigures& now) {
  constexpr double kLeast = 0.05;  // of the difference
  const auto total = find_figure(now, kTotalMemory);
  const auto total_before = find_figure(base, kTotalMemory);
  if (!total || !total_before || *total == *total_before) {
    return "";
  }
  std::vector<std::pair<double, std::string>> shares;
  for (const auto& [metric, noun] : kMemoryParts) {
    const auto after = find_figure(now, metric);
    const auto before = find_figure(base, metric);
    const double share = after && before ? (*after - *before) / (*total - *total_before) : 0;
    if (share >= kLeast) {
      shares.emplace_back(-share, fmt::format("{} {:.0f} %", noun, 100 * share));
    }
  }
  std::sort(shares.begin(), shares.end());
  std::vector<std::string> texts;
  for (auto& [unused, text] : shares) {
    texts.push_back(std::move(text));
  }
  return fmt::format("{} instead of {}{}", os::format_bytes(*total), os::format_bytes(*total_before),
                     texts.empty() ? "" : fmt::format(": {} of the difference", fmt::join(texts, ", ")));
}

// The counts that differ by at least a fifth, those that differ most first.
std::vector<std::string> list_differences(const MechanismFigures& base, const MechanismFigures& now) {
  constexpr double kFloor = 0.01;  // counts below are alike
  constexpr double kLeast = 0.18;  // in logarithms: a fifth
  std::vector<std::pair<double, std::string>> differences;
  for (const Count& count : kCounts) {
    const auto before = find_figure(base, count.metric);
    const auto after = find_figure(now, count.metric);
    if (!before || !after || std::abs(*after - *before) < count.least) {
      continue;
    }
    const double size = std::abs(std::log(std::max(*after, kFloor) / std::max(*before, kFloor)));
    if (size >= kLeast) {
      differences.emplace_back(
          -size, fmt::format("{} {} instead of {}", os::format_digits(*after), count.noun, os::format_digits(*before)));
    }
  }
  std::sort(differences.begin(), differences.end());
  std::vector<std::string> texts;
  for (auto& [unused, text] : differences) {
    texts.push_back(std::move(text));
  }
  return texts;
}

// Without a difference in counts each call has another cost. That of a wait is a bound, since no clock runs within it.
std::string describe_same_counts(const MechanismFigures& base, const MechanismFigures& now, double cpu_difference) {
  const auto calls = find_figure(now, "server_syscalls_per_request");
  const auto waits = find_figure(now, kWaits);
  if (!calls || !find_figure(base, "server_syscalls_per_request")) {
    return "";
  }
  std::string text = fmt::format("the same calls ({} per request) cost {}", os::format_digits(*calls),
                                 cpu_difference > 0 ? "more" : "less");
  if (waits && *waits > 0.05) {
    text += fmt::format(": {} for each wait, if all of it is in the waits",
                        os::format_time(net::Nanoseconds(std::llround(std::abs(cpu_difference) / *waits))));
  }
  return text;
}

// "83 % of the difference in CPU time is system time"; the split counts ticks, so only a clear share is said.
std::string describe_split(const MechanismFigures& base, const MechanismFigures& now, double cpu_difference) {
  const auto user = find_figure(now, kUser);
  const auto user_before = find_figure(base, kUser);
  const auto system = find_figure(now, kSystem);
  const auto system_before = find_figure(base, kSystem);
  if (!user || !user_before || !system || !system_before || cpu_difference == 0) {
    return "";
  }
  const double share = (*system - *system_before) / cpu_difference;
  if (!(share >= 0 && share <= 1)) {
    return "";
  }
  return share >= 0.5 ? fmt::format("{:.0f} % of the difference in CPU time is system time", 100 * share)
                      : fmt::format("{:.0f} % of the difference in CPU time is user time", 100 * (1 - share));
}

// "a bare wait takes 51.2 us instead of 480 ns: the waits account for 84 % of the difference"
std::string describe_waits(const MechanismFigures& base, const MechanismFigures& now, double cpu_difference) {
  constexpr double kLeast = 0.05;
  // A bare wait has one ready descriptor, in the middle, and joins the wait queues of those before it. A server's waits
  // have more, so they cost less. Beyond this the figures do not fit.
  constexpr double kMost = 3;
  const auto waits = find_figure(now, kWaits);
  const auto waits_before = find_figure(base, kWaits);
  const auto cost = find_figure(now, kBareWait);
  const auto cost_before = find_figure(base, kBareWait);
  if (!waits || !waits_before || !cost || !cost_before) {
    return "";
  }
  const double share = (*waits * *cost - *waits_before * *cost_before) / cpu_difference;
  const auto format = [](double nanoseconds) { return os::format_time(net::Nanoseconds(std::llround(nanoseconds))); };
  if (share < kLeast || share > kMost) {
    return "";
  }
  const std::string bare = fmt::format("a bare wait takes {} instead of {}", format(*cost), format(*cost_before));
  return share > 1 ? fmt::format("{}: bare waits would cost {:.2f} times the difference", bare, share)
                   : fmt::format("{}, so waits account for {:.0f} % of the difference", bare, 100 * share);
}

std::string describe_utilisation(const MechanismFigures& base, const MechanismFigures& now) {
  constexpr double kClear = 1.5;
  const auto before = find_figure(base, kUtilisation);
  const auto after = find_figure(now, kUtilisation);
  if (!before || !after || *before <= 0 || *after <= 0 || std::abs(std::log(*after / *before)) < std::log(kClear)) {
    return "";
  }
  return fmt::format("it uses {:.0f} % of a CPU instead of {:.0f} %", 100 * *after, 100 * *before);
}

std::string describe_side(const MechanismFigures& now) {
  std::vector<std::string> texts;
  for (const Count& count : kCounts) {
    if (const auto value = find_figure(now, count.metric); value && *value >= count.least) {
      texts.push_back(fmt::format("{} {}", os::format_digits(*value), count.noun));
    }
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

}  // namespace

std::string describe_mechanism(const std::optional<MechanismFigures>& base, const MechanismFigures& now) {
  constexpr std::size_t kMostCounts = 3;
  constexpr double kSameCpu = 0.05;
  if (!base) {
    return describe_side(now);
  }
  if (const std::string memory = describe_memory(*base, now); !memory.empty()) {
    return memory;
  }
  std::vector<std::string> texts = list_differences(*base, now);
  texts.resize(std::min(texts.size(), kMostCounts));
  const auto cpu = find_figure(now, kTotal);
  const auto cpu_before = find_figure(*base, kTotal);
  const bool differs = cpu && cpu_before && *cpu_before > 0 && std::abs(*cpu / *cpu_before - 1) > kSameCpu;
  if (differs) {
    const double difference = *cpu - *cpu_before;
    const std::string waits = describe_waits(*base, now, difference);
    if (texts.empty() && waits.empty()) {
      texts.push_back(describe_same_counts(*base, now, difference));
    }
    texts.push_back(waits);
    texts.push_back(describe_split(*base, now, difference));
  }
  texts.push_back(describe_utilisation(*base, now));
  std::erase(texts, "");
  return fmt::format("{}", fmt::join(texts, "; "));
}

std::optional<Mechanism> explain_case(const CaseRun& run, const CallCosts& costs) {
  if (run.spec().calls || run.units().empty()) {
    return std::nullopt;
  }
  const auto collect = [&](std::size_t arm) {
    MechanismFigures figures;
    if (run.spec().metric == kTotalMemory) {
      figures[kTotalMemory] = run.median(arm, kTotalMemory);
      for (const auto& [metric, noun] : kMemoryParts) {
        figures[metric] = run.median(arm, metric);
      }
      return figures;
    }
    for (const Count& count : kCounts) {
      figures[count.metric] = run.median(arm, count.metric);
    }
    for (const char* metric : {kTotal, kUser, kSystem, kUtilisation}) {
      figures[metric] = run.median(arm, metric);
    }
    return figures;
  };
  Mechanism mechanism;
  mechanism.now = collect(run.new_arm());
  if (run.spec().base) {
    mechanism.base = collect(0);
  }
  if (run.spec().metric != kTotalMemory) {
    mechanism.now[kBareWait] = costs.find_wait(run.spec().now);
    if (mechanism.base) {
      (*mechanism.base)[kBareWait] = costs.find_wait(*run.spec().base);
    }
  }
  mechanism.text = describe_mechanism(mechanism.base, mechanism.now);
  return mechanism;
}

}  // namespace fanin::harness
