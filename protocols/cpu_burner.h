#pragma once

#include <cstdint>

#include "net/clock.h"

namespace fanin {

// Spends CPU time of the calling thread, as a request that computes something would. Time during which the thread does
// not run does not count, so the work is the same however many threads compete. A value; any thread.
class CpuBurner {
 public:
  // Whether nobody waits for the work any more.
  using GivenUp = bool (*)() noexcept;
  static bool never() noexcept { return false; }

  // Times its own loop, which takes about a millisecond where `amount` is above 0.
  explicit CpuBurner(Nanoseconds amount);
  // A number of steps of that loop, which takes no look at any clock: the same work in every process.
  static CpuBurner of_loops(std::uint64_t loops) noexcept { return CpuBurner(Nanoseconds(0), loops); }

  // Burns the amount; from 10 us on never less than it by the thread's CPU clock. Shorter ones are a counted loop,
  // because reading that clock is a system call. Asks `given_up` every few milliseconds at least: false where it ended
  // early for that.
  bool burn(GivenUp given_up = never) const noexcept;

 private:
  CpuBurner(Nanoseconds amount, std::uint64_t iterations) noexcept : amount_(amount), iterations_(iterations) {}

  Nanoseconds amount_;
  std::uint64_t iterations_ = 0;  // of the whole amount, or of a step between two looks at the clock
};

}  // namespace fanin
