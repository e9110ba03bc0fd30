#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "net/clock.h"
#include "os/arrival_trace.h"

namespace fanin::load {

// When requests are due: with independent exponential gaps, evenly, several at once and these bursts evenly, or at
// recorded times.
enum class ArrivalKind { kPoisson, kUniform, kBursts, kTrace };

std::string_view arrival_name(ArrivalKind kind) noexcept;

// A rate that is `from_per_s` until `begin`, then changes linearly, and is `to_per_s` from `begin + length` on. Counted
// from the start of the traffic. At least one of the rates is above 0.
struct RateRamp {
  double from_per_s = 0;
  double to_per_s = 0;
  Nanoseconds begin{0};
  Nanoseconds length{0};

  double mean_per_s() const noexcept { return (from_per_s + to_per_s) / 2; }  // while it changes
};

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
  double rate_per_s = 0;  // of all shares together, on average; above 0
  unsigned shares = 1;    // threads that the schedule is shared out to
  std::uint64_t seed = 1;
  std::uint32_t burst_size = 1;               // bursts: requests at once
  std::optional<RateRamp> ramp = {};          // Poisson and uniform: rules over rate_per_s
  std::shared_ptr<const ArrivalTrace> trace;  // trace: its times, scaled so that the mean rate is rate_per_s
};

// The part of the schedule that falls to one thread, as offsets from the start of the traffic, ascending. No state is
// shared between the shares. Where arrivals have numbers (all kinds but Poisson) these are dealt out in turn: share s
// of n takes s, s+n, s+2n ... Of Poisson arrivals each share makes its own at 1/n of the rate, because independent
// Poisson processes put together are one Poisson process at the full rate. The same plan gives the same times. One
// thread at a time.
//
// A rate that changes is a change of the clock: arrival number k, or the Poisson process of rate 1, is due when the
// cumulative rate has reached k (Cinlar: "Introduction to Stochastic Processes", 1975, chapter 4.7).
class Schedule {
 public:
  Schedule(const ArrivalPlan& plan, unsigned share) noexcept;

  Nanoseconds next() const noexcept { return next_; }
  void advance() noexcept;

 private:
  Nanoseconds due() const noexcept;
  double exponential() noexcept;

  ArrivalKind kind_;
  double gap_ns_;  // between arrivals of the whole schedule, on average
  std::uint64_t step_;
  std::uint32_t burst_size_;
  std::optional<RateRamp> ramp_;
  std::shared_ptr<const ArrivalTrace> trace_;
  std::uint64_t index_;    // number of the next arrival in the whole schedule (not Poisson)
  double cumulative_ = 0;  // Poisson: arrivals of the whole schedule expected until the next one of this share
  SplitMix64 random_;
  Nanoseconds next_{0};
};

}  // namespace fanin::load
