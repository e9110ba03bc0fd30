#include "loadgen/records/thread_usage.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "net/descriptor.h"

namespace fanin::load {
namespace {

std::optional<Nanoseconds> read_run_queue_wait() noexcept {
  const Descriptor file(::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC));
  std::array<char, 128> buffer{};
  const ssize_t length = file ? ::read(file.get(), buffer.data(), buffer.size()) : -1;
  return length > 0 ? parse_run_queue_wait({buffer.data(), static_cast<std::size_t>(length)}) : std::nullopt;
}

}  // namespace

// Its fields are ns on a CPU, ns on a run queue, and how often it was given a CPU. A kernel that does not count says
// "0 0 0"; a thread that asks has been given one.
std::optional<Nanoseconds> parse_run_queue_wait(std::string_view schedstat) noexcept {
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
  return fields[2] > 0 ? std::make_optional(Nanoseconds(fields[1])) : std::nullopt;
}

ThreadUsage thread_usage() noexcept {
  ThreadUsage usage;
  usage.run_queue_wait = read_run_queue_wait();
  usage.cpu = thread_cpu_time();
  return usage;
}

}  // namespace fanin::load
