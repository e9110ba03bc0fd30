#include "loadgen/arrival.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace fanin {
namespace {

// Seeds that differ by one must not give related streams, so the share goes through the mixer as well.
std::uint64_t seed_of_share(std::uint64_t seed, unsigned share) noexcept {
  return SplitMix64(SplitMix64(seed)() + share)();
}

}  // namespace

ArrivalKind parse_arrival(std::string_view name) {
  if (name == "poisson") {
    return ArrivalKind::kPoisson;
  }
  if (name == "uniform") {
    return ArrivalKind::kUniform;
  }
  throw std::invalid_argument(fmt::format("unknown arrival '{}': choose one of poisson, uniform", name));
}

std::string_view arrival_name(ArrivalKind kind) noexcept {
  return kind == ArrivalKind::kPoisson ? "poisson" : "uniform";
}

Schedule::Schedule(const ArrivalPlan& plan, unsigned share) noexcept
    : kind_(plan.kind),
      gap_ns_(1e9 / plan.rate_per_s * (plan.kind == ArrivalKind::kPoisson ? plan.shares : 1)),
      index_(share),
      step_(plan.shares),
      random_(seed_of_share(plan.seed, share)) {
  if (kind_ == ArrivalKind::kPoisson) {
    offset_ns_ = exponential_gap();
    next_ = Nanoseconds(std::llround(offset_ns_));
  } else {
    next_ = Nanoseconds(std::llround(static_cast<double>(index_) * gap_ns_));
  }
}

void Schedule::advance() noexcept {
  if (kind_ == ArrivalKind::kPoisson) {
    offset_ns_ += exponential_gap();
    next_ = Nanoseconds(std::llround(offset_ns_));
  } else {
    index_ += step_;  // from the number, not by adding gaps: no error builds up
    next_ = Nanoseconds(std::llround(static_cast<double>(index_) * gap_ns_));
  }
}

double Schedule::exponential_gap() noexcept {
  constexpr double kToUnit = 1.0 / 9007199254740992.0;                            // 2^-53
  const double uniform = (static_cast<double>(random_() >> 11) + 0.5) * kToUnit;  // never 0: its logarithm is finite
  return -std::log(uniform) * gap_ns_;
}

}  // namespace fanin
