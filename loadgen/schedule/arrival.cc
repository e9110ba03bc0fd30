#include "loadgen/schedule/arrival.h"

#include <cmath>

namespace fanin::load {
namespace {

// Later than the end of any run, and small enough that adding it to a time point does not overflow.
constexpr Nanoseconds kNever = std::chrono::hours(24 * 365 * 100);

// Adjacent seeds must not give related streams, so the share is mixed too.
std::uint64_t seed_of_share(std::uint64_t seed, unsigned share) noexcept {
  return SplitMix64(SplitMix64(seed)() + share)();
}

Nanoseconds to_offset(double ns) noexcept {
  return ns < static_cast<double>(kNever.count()) ? Nanoseconds(std::llround(ns)) : kNever;  // no rate: infinite
}

// When the cumulative rate of a ramp reaches `count`, in ns.
double time_at_count(const RateRamp& ramp, double count) noexcept {
  const double from = ramp.from_per_s / 1e9;
  const double to = ramp.to_per_s / 1e9;
  const auto begin = static_cast<double>(ramp.begin.count());
  const auto length = static_cast<double>(ramp.length.count());
  const double inside = count - from * begin;
  if (inside < 0) {
    return count / from;
  }
  const double beyond = inside - (from + to) / 2 * length;
  if (beyond >= 0) {
    return beyond > 0 ? begin + length + beyond / to : begin + length;
  }
  // inside = from x + slope/2 x^2, solved in the form without cancellation, which also holds for a slope of 0.
  const double slope = (to - from) / length;
  return inside > 0 ? begin + 2 * inside / (from + std::sqrt(from * from + 2 * slope * inside)) : begin;
}

}  // namespace

std::string_view arrival_name(ArrivalKind kind) noexcept {
  switch (kind) {
    case ArrivalKind::kPoisson:
      return "poisson";
    case ArrivalKind::kUniform:
      return "uniform";
    case ArrivalKind::kBursts:
      return "bursts";
    case ArrivalKind::kTrace:
      break;
  }
  return "trace";
}

Schedule::Schedule(const ArrivalPlan& plan, unsigned share) noexcept
    : kind_(plan.kind),
      gap_ns_(1e9 / plan.rate_per_s),
      step_(plan.shares),
      burst_size_(plan.burst_size),
      ramp_(plan.ramp),
      trace_(plan.trace),
      index_(share),
      random_(seed_of_share(plan.seed, share)) {
  if (kind_ == ArrivalKind::kPoisson) {
    cumulative_ = exponential();
  }
  next_ = due();
}

void Schedule::advance() noexcept {
  if (kind_ == ArrivalKind::kPoisson) {
    cumulative_ += exponential();  // exact to a ns for 100 days
  } else {
    index_ += step_;
  }
  next_ = due();
}

// Computed from the arrival's number, not by adding gaps, so errors do not accumulate.
Nanoseconds Schedule::due() const noexcept {
  switch (kind_) {
    case ArrivalKind::kPoisson:
    case ArrivalKind::kUniform: {
      const double count = kind_ == ArrivalKind::kPoisson ? cumulative_ : static_cast<double>(index_);
      return to_offset(ramp_ ? time_at_count(*ramp_, count) : count * gap_ns_);
    }
    case ArrivalKind::kBursts:
      return to_offset(static_cast<double>(index_ - index_ % burst_size_) * gap_ns_);
    case ArrivalKind::kTrace:
      break;
  }
  return to_offset(trace_->offset_ns(index_) * gap_ns_ / trace_->mean_gap_ns());
}

double Schedule::exponential() noexcept {
  constexpr double kToUnit = 1.0 / 9007199254740992.0;                            // 2^-53
  const double uniform = (static_cast<double>(random_() >> 11) + 0.5) * kToUnit;  // never 0: its logarithm is finite
  return -std::log(uniform) * static_cast<double>(step_);
}

}  // namespace fanin::load
