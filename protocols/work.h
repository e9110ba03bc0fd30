#pragma once

#include <cstdint>

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

}  // namespace fanin::protocols
