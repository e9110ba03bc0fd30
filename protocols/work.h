#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/clock.h"

namespace fanin::protocols {

// Burns CPU time of the calling thread, as a request with a computation does. Time in which the thread does not run
// does not count, so the work is the same with any number of competing threads. A value; any thread.
class CpuBurner {
 public:
  // Whether the work is no longer needed.
  using GivenUp = bool (*)() noexcept;
  static bool never() noexcept { return false; }

  // Calibrates its loop, which takes about a millisecond if `amount` is above 0.
  explicit CpuBurner(net::Nanoseconds amount);
  // A number of loop steps, without a clock: the same work in every process.
  static CpuBurner of_loops(std::uint64_t loops) noexcept { return CpuBurner(net::Nanoseconds(0), loops); }

  // Burns the amount; from 10 us on at least that by the thread's CPU clock. Shorter amounts are a counted loop,
  // because reading that clock is a system call. Calls `given_up` at least every few milliseconds: false if that ended
  // it early.
  bool burn(GivenUp given_up = never) const noexcept;

 private:
  CpuBurner(net::Nanoseconds amount, std::uint64_t iterations) noexcept : amount_(amount), iterations_(iterations) {}

  net::Nanoseconds amount_;
  std::uint64_t iterations_ = 0;  // for the whole amount, or between two readings of the clock
};

// Whether the request line with this hash (LineHash, without the newline) is in the `share` of requests that cost CPU
// time. A property of the line alone: a server needs no counter, and a client knows which of its requests were heavy.
bool is_heavy(std::uint64_t line_hash, double share) noexcept;

// A line may state its own cost at its end, " work-loops=N" before the newline: N loop steps instead of what the server
// was given. A cost above kMaxLineLoops counts as that, so no client can occupy a server for longer.
inline constexpr std::uint64_t kMaxLineLoops = 1'000'000'000;
std::string format_line_cost(std::uint64_t loops);

// The end of a line that comes in parts: as many bytes as hold a cost. A value.
class LineEnd {
 public:
  void add(std::string_view part) noexcept;
  // Of the whole line, without the newline; nullopt: it states none.
  std::optional<std::uint64_t> cost() const noexcept;

 private:
  std::array<char, 32> bytes_{};
  std::size_t size_ = 0;
};

}  // namespace fanin::protocols
