#include "loadgen/runs/headroom.h"

#include <fmt/format.h>
#include <sched.h>

#include <fstream>
#include <limits>
#include <string>
#include <thread>

#include "loadgen/plan/option_table.h"
#include "net/resolve.h"

namespace fanin::load {
namespace {

constexpr std::uint64_t kReserve = 32;              // standard streams, result file, /proc, control socket, spare
constexpr std::uint64_t kPerLoop = 2;               // its timer and its queue
constexpr std::uint64_t kKernelBytesPerEnd = 3600;  // a TCP socket with its file; measured on Linux 6.18

std::optional<std::uint64_t> files_left() {
  std::ifstream file("/proc/sys/fs/file-nr");
  std::uint64_t open = 0;
  std::uint64_t free = 0;
  std::uint64_t max = 0;
  if (!(file >> open >> free >> max)) {
    return std::nullopt;
  }
  return max > open ? max - open : 0;
}

std::optional<std::uint64_t> memory_left() {
  std::ifstream file("/proc/meminfo");
  for (std::string key; file >> key; file.ignore(std::numeric_limits<std::streamsize>::max(), '\n')) {
    if (std::uint64_t kib = 0; key == "MemAvailable:" && file >> kib) {
      return kib * 1024;
    }
  }
  return std::nullopt;
}

unsigned divide_rounding_up(std::uint64_t whole, std::uint64_t part) {
  return static_cast<unsigned>((whole + part - 1) / part);
}

double in_mib(double bytes) { return bytes / 0x1p20; }

// Both ends of a connection count, since both are on this machine.
void check_machine(const LoadPlan& plan, const Headroom& room) {
  const std::uint64_t all = std::uint64_t{plan.connections} + plan.idle;
  const std::uint64_t ends = all * (net::is_on_this_machine(plan.target) ? 2 : 1);
  if (room.files && ends > *room.files) {
    refuse(
        fmt::format("{} connections do not fit: this machine may open {} more files and they need {}; raise "
                    "fs.file-max (fanin doctor --fix) or ask for fewer",
                    all, *room.files, ends));
  }
  if (room.memory_bytes && ends * kKernelBytesPerEnd > *room.memory_bytes) {
    refuse(fmt::format(
        "{} connections do not fit: they need about {:.0f} MiB of kernel memory and {:.0f} MiB are "
        "available; ask for fewer",
        all, in_mib(static_cast<double>(ends * kKernelBytesPerEnd)), in_mib(static_cast<double>(*room.memory_bytes))));
  }
  // Requests that the server has not read yet; in the worst case all of them.
  const double in_flight = static_cast<double>(plan.request_bytes) * static_cast<double>(plan.pipeline) *
                           static_cast<double>(plan.connections);
  if (room.memory_bytes && in_flight > static_cast<double>(*room.memory_bytes)) {
    refuse(
        fmt::format("{} connections with {} requests of {} bytes in flight do not fit: they need about {:.0f} MiB of "
                    "memory and {:.0f} MiB are available; ask for fewer or smaller ones (--connections, --pipeline, "
                    "--payload-bytes)",
                    plan.connections, plan.pipeline, plan.request_bytes, in_mib(in_flight),
                    in_mib(static_cast<double>(*room.memory_bytes))));
  }
}

[[noreturn]] void refuse_table(std::uint64_t all, const char* whose, std::uint64_t needed, const Headroom& room) {
  refuse(
      fmt::format("{} connections do not fit: {} may hold {} descriptors and needs {}; raise the hard limit (ulimit "
                  "-Hn, LimitNOFILE=, /etc/security/limits.conf) or ask for fewer",
                  all, whose, room.descriptors, needed));
}

}  // namespace

bool take_own_descriptor_table() noexcept {
#if defined(FANIN_TSAN)
  return false;  // ThreadSanitizer confuses equal descriptor numbers of two threads
#else
  return ::unshare(CLONE_FILES) == 0;
#endif
}

bool descriptor_tables_can_be_split() {
  bool split = false;
  std::thread([&split] { split = take_own_descriptor_table(); }).join();
  return split;
}

Headroom headroom() {
  return {net::raise_descriptor_limit(), descriptor_tables_can_be_split(), files_left(), memory_left()};
}

void spread_over_threads(LoadPlan& plan, bool threads_given, const Headroom& room) {
  const std::uint64_t all = std::uint64_t{plan.connections} + plan.idle;
  check_machine(plan, room);
  const bool loops = has_event_loops(plan.driver);
  if (!room.tables_per_thread) {
    const std::uint64_t needed =
        all + kReserve + kPerLoop * (loops ? plan.threads : 1) + (plan.aborts_per_s ? kMaxOpenAborts : 0);
    if (needed > room.descriptors) {
      refuse_table(all, "this process", needed, room);
    }
    return;
  }
  const std::uint64_t fit = room.descriptors > kReserve + kPerLoop ? room.descriptors - kReserve - kPerLoop : 1;
  if (loops && !threads_given && plan.connections > fit) {
    plan.threads = divide_rounding_up(plan.connections, fit);
  }
  const std::uint64_t active = loops ? compute_share(plan.connections, 0, plan.threads) : 1;
  if (active > fit) {
    refuse_table(all, "a thread", active + kReserve + kPerLoop, room);
  }
  const bool fits_with_active = loops && active + compute_share(plan.idle, 0, plan.threads) <= fit;
  plan.idle_threads = plan.idle == 0 || fits_with_active ? 0 : divide_rounding_up(plan.idle, fit);
}

}  // namespace fanin::load
