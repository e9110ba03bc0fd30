#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "loadgen/records/clock.h"
#include "os/arrival_trace.h"

namespace fanin::load {

// When requests are due: Poisson (independent exponential gaps), evenly spaced, in evenly spaced bursts, or at recorded
// times.
enum class ArrivalKind { kPoisson, kUniform, kBursts, kTrace };

std::string_view arrival_name(ArrivalKind kind) noexcept;

// A rate that is `from_per_s` until `begin`, then changes linearly to `to_per_s` at `begin + length`. Times count from
// the start of the traffic. At least one of the rates is above 0.
struct RateRamp {
  double from_per_s = 0;
  double to_per_s = 0;
  Nanoseconds begin{0};
  Nanoseconds length{0};

  double mean_per_s() const noexcept { return (from_per_s + to_per_s) / 2; }  // of the linear part
};

// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014). 8 bytes of state, and
// every seed is good. Unlike the standard library's distributions it gives the same sequence with every compiler.
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

// The schedule of a run. Requests are due at its times, independently of the server.
struct ArrivalPlan {
  ArrivalKind kind = ArrivalKind::kPoisson;
  double rate_per_s = 0;  // of all shares together, mean; above 0
  unsigned shares = 1;    // threads that share the schedule
  std::uint64_t seed = 1;
  std::uint32_t burst_size = 1;                   // bursts: requests at once
  std::optional<RateRamp> ramp = {};              // Poisson and uniform: overrides rate_per_s
  std::shared_ptr<const os::ArrivalTrace> trace;  // trace: its times, scaled so that the mean rate is rate_per_s
};

// One thread's share of the schedule, as ascending offsets from the start of the traffic. Shares have no common state.
// All kinds but Poisson number their arrivals, and share s of n takes s, s+n, s+2n ... For Poisson each share generates
// its own arrivals at 1/n of the rate: the superposition of independent Poisson processes is one Poisson process at the
// full rate. The same plan gives the same times. One thread at a time.
//
// A changing rate transforms the time: arrival number k, or the Poisson process of rate 1, is due when the cumulative
// rate reaches k (Cinlar: "Introduction to Stochastic Processes", 1975, chapter 4.7).
class Schedule {
 public:
  Schedule(const ArrivalPlan& plan, unsigned share) noexcept;

  Nanoseconds next() const noexcept { return next_; }
  void advance() noexcept;

 private:
  Nanoseconds due() const noexcept;
  double exponential() noexcept;

  ArrivalKind kind_;
  double gap_ns_;  // mean gap of the whole schedule
  std::uint64_t step_;
  std::uint32_t burst_size_;
  std::optional<RateRamp> ramp_;
  std::shared_ptr<const os::ArrivalTrace> trace_;
  std::uint64_t index_;    // number of the next arrival in the whole schedule (not Poisson)
  double cumulative_ = 0;  // Poisson: expected arrivals of the whole schedule until this share's next one
  SplitMix64 random_;
  Nanoseconds next_{0};
};

}  // namespace fanin::load
