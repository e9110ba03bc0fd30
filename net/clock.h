#pragma once

#include <chrono>
#include <ctime>
#include <string>
#include <string_view>

namespace fanin::net {

using Nanoseconds = std::chrono::nanoseconds;
using TimePoint = std::chrono::steady_clock::time_point;

// CLOCK_MONOTONIC through the vDSO, about 25 ns a call: as steady_clock, without two intermediate calls.
inline TimePoint now() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return TimePoint(std::chrono::seconds(time.tv_sec) + Nanoseconds(time.tv_nsec));
}

timespec to_timespec(Nanoseconds duration) noexcept;  // `duration` must not be negative

// A clock that moves only by its own calls, for tests of pure parts, which take time as an argument or from a clock.
class FakeClock {
 public:
  TimePoint now() const noexcept { return now_; }
  void advance(Nanoseconds by) noexcept { now_ += by; }

 private:
  TimePoint now_{};
};

// CPU time of the calling thread, and of the whole process, since its start.
Nanoseconds thread_cpu_time() noexcept;
Nanoseconds process_cpu_time() noexcept;

constexpr double to_seconds(Nanoseconds duration) noexcept { return std::chrono::duration<double>(duration).count(); }

// Parses a duration: numbers with a unit of h, m, s, ms, us or ns, larger units first ("500ms", "1.5s", "100us",
// "1m30s", "2h"); a bare number is seconds. Never negative. Throws std::invalid_argument naming the text.
Nanoseconds parse_duration(std::string_view text);

// Formats without loss, in the shortest form: "300ms", "1s", "1500us".
std::string format_duration(Nanoseconds duration);

}  // namespace fanin::net
