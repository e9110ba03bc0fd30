#pragma once

#include <cstdint>
#include <string_view>

#include "net/clock.h"

namespace fanin {

enum class ArrivalKind { kPoisson, kUniform };

// Throws std::invalid_argument that lists the known names.
ArrivalKind parse_arrival(std::string_view name);
std::string_view arrival_name(ArrivalKind kind) noexcept;

// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014). One addition and a
// mix per number, 8 bytes of state, any seed is as good as any other; and unlike the standard library's distributions
// on top of an engine, the sequence is the same with every compiler.
class SplitMix64 {
 public:
  explicit SplitMix64(std::uint64_t seed) noexcept : state_(seed) {}
  std::uint64_t operator()() noexcept {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

// The one schedule of a run: requests are due at these times whatever the server does.
struct ArrivalPlan {
  ArrivalKind kind = ArrivalKind::kPoisson;
  double rate_per_s = 0;  // of all shares together; above 0
  unsigned shares = 1;    // threads that the schedule is shared out to
  std::uint64_t seed = 1;
};

// The part of the schedule that falls to one thread, as offsets from the start of the traffic, ascending. No state is
// shared between the shares: uniform arrivals are dealt out in turn (share s takes numbers s, s+n, s+2n ...); of
// Poisson arrivals each share makes its own at rate/n, because independent Poisson processes put together are one
// Poisson process at the full rate. The same plan gives the same times. One thread at a time.
class Schedule {
 public:
  Schedule(const ArrivalPlan& plan, unsigned share) noexcept;

  Nanoseconds next() const noexcept { return next_; }
  void advance() noexcept;

 private:
  double exponential_gap() noexcept;

  ArrivalKind kind_;
  double gap_ns_;        // between arrivals of the whole schedule (uniform), mean gap of this share (Poisson)
  std::uint64_t index_;  // number of the next arrival in the whole schedule (uniform)
  std::uint64_t step_;
  double offset_ns_ = 0;  // Poisson: exact to a ns for 100 days
  SplitMix64 random_;
  Nanoseconds next_{0};
};

}  // namespace fanin
