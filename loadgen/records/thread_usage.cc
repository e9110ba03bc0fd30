#include "loadgen/records/thread_usage.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string_view>

#include "net/descriptor.h"

namespace fanin {
namespace {

// Second field of /proc/thread-self/schedstat: ns spent waiting on a run queue.
Nanoseconds read_run_queue_wait() noexcept {
  const Descriptor file(::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC));
  std::array<char, 128> buffer{};
  const ssize_t length = file ? ::read(file.get(), buffer.data(), buffer.size()) : -1;
  if (length <= 0) {
    return Nanoseconds(0);
  }
  const std::string_view text(buffer.data(), static_cast<std::size_t>(length));
  const std::size_t space = text.find(' ');
  std::int64_t wait = 0;
  if (space != std::string_view::npos) {
    std::from_chars(text.data() + space + 1, text.data() + text.size(), wait);
  }
  return Nanoseconds(wait);
}

}  // namespace

ThreadUsage thread_usage() noexcept {
  ThreadUsage usage;
  usage.run_queue_wait = read_run_queue_wait();
  usage.cpu = thread_cpu_time();
  usage.at = now();
  return usage;
}

}  // namespace fanin
