#include "harness/machine/kernel_memory.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <thread>

#include "os/procfs.h"

namespace fanin::harness {
namespace {

constexpr std::uint64_t kKibibyte = 1024;
constexpr Nanoseconds kBetweenReadings = std::chrono::milliseconds(10);
constexpr int kQuietReadings = 5;

// The kernel counts pages per CPU and folds them into the sum once a second; until then the sum may lack some hundred
// KiB. Reading this file folds at once. Only root may, and without it the reading is merely coarser.
void fold_page_counters() { read_file("/proc/sys/vm/stat_refresh"); }

std::optional<std::uint64_t> tasks_of(std::string_view loadavg) {
  const std::size_t slash = loadavg.find('/');
  if (slash == std::string_view::npos) {
    return std::nullopt;
  }
  const std::vector<int> numbers = parse_numbers(loadavg.substr(slash + 1));
  return numbers.empty() || numbers.front() <= 0 ? std::nullopt : std::optional<std::uint64_t>(numbers.front());
}

}  // namespace

std::optional<std::uint64_t> parse_slab_bytes(std::string_view meminfo) {
  const auto slab = labelled_number(meminfo, "Slab");
  return slab ? std::optional(*slab * kKibibyte) : std::nullopt;
}

std::optional<std::uint64_t> parse_kernel_stack_size(std::string_view meminfo, std::string_view loadavg) {
  const auto stacks = labelled_number(meminfo, "KernelStack");
  const auto tasks = tasks_of(loadavg);
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
    const std::uint64_t held = slab.value_or(0) + labelled_number(meminfo, "KernelStack").value_or(0) * kKibibyte;
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

}  // namespace fanin::harness
