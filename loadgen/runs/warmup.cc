#include "loadgen/runs/warmup.h"

#include <algorithm>
#include <cmath>

namespace fanin::load {
namespace {

// Until every thread has seen the opening: event loops check at each tick, blocking threads sleep for longer.
constexpr Nanoseconds kLoopLead = 3 * kTick;
constexpr Nanoseconds kBlockingLead = std::chrono::milliseconds(100);

// How long an open loop takes to send on every connection: an event loop uses them round robin; a blocking thread has
// its own share of the schedule, so the last of n starts after about ln n gaps of its own.
Nanoseconds time_to_ask_all(const LoadPlan& plan) {
  if (!plan.rate_per_s) {
    return Nanoseconds(0);
  }
  const double rounds = has_event_loops(plan.driver) ? 1 : 1 + std::log(plan.connections);
  const double seconds = plan.connections * rounds / *plan.rate_per_s;
  return seconds < 1e6 ? Nanoseconds(static_cast<std::int64_t>(seconds * 1e9)) : Nanoseconds::max();
}

// Not for runs that reopen connections, whose window is tied to the schedule, or without warm-up.
bool waits_for_replies(const LoadPlan& plan) {
  return plan.warmup > Nanoseconds(0) && !plan.churns() && !plan.ramp && !plan.trace &&
         time_to_ask_all(plan) <= Warmup::kMaxWait;
}

}  // namespace

double pettitt_p(std::span<const double> series) {
  // U_t = U_(t-1) + the sum over all j of sgn(x_t - x_j): pairs within the first t values cancel.
  std::int64_t u = 0;
  std::int64_t k = 0;
  for (const double value : series) {
    for (const double other : series) {
      u += (value > other ? 1 : 0) - (value < other ? 1 : 0);
    }
    k = std::max(k, std::abs(u));
  }
  const auto n = static_cast<double>(series.size());
  const auto largest = static_cast<double>(k);
  return n < 2 ? 1.0 : std::min(1.0, 2 * std::exp(-6 * largest * largest / (n * n * n + n * n)));
}

bool WarmupWatch::add(std::uint64_t completed) {
  if (series_.size() == kIntervals) {
    series_.erase(series_.begin());
  }
  series_.push_back(static_cast<double>(completed - last_));
  last_ = completed;
  const bool silent = std::all_of(series_.begin(), series_.end(), [](double count) { return count == 0; });
  return series_.size() == kIntervals && !silent && pettitt_p(series_) >= kSignificant;
}

Warmup::Warmup(const LoadPlan& plan)
    : until_steady_(plan.warmup_until_steady),
      until_served_(waits_for_replies(plan)),
      time_(until_steady_ ? Nanoseconds(0) : plan.warmup),
      limit_(plan.warmup + (until_served_ && !until_steady_ ? kMaxWait : Nanoseconds(0))),
      lead_(has_event_loops(plan.driver) ? kLoopLead : kBlockingLead),
      timeout_(plan.timeout),
      end_(watches() ? WarmupEnd::kLimit : WarmupEnd::kTime) {
  if (until_served_) {
    starvation_timeout_ += time_to_ask_all(plan);
    timeout_ = std::max(timeout_, starvation_timeout_);
  }
}

std::optional<Nanoseconds> Warmup::look(const Progress& progress) {
  if (until_steady_ && !steady_ && progress.elapsed >= next_sample_) {
    next_sample_ += WarmupWatch::kInterval;
    steady_ = watch_.add(progress.completed);
  }
  const bool starves = until_served_ && this->starves(progress);
  const bool served = !until_served_ || progress.unserved == 0;
  const Nanoseconds earliest = progress.elapsed + lead_;
  if ((until_steady_ && !steady_) || !(served || (starves && earliest >= time_))) {
    return std::nullopt;
  }
  end_ = !served            ? WarmupEnd::kStarved
         : until_steady_    ? WarmupEnd::kSteady
         : earliest > time_ ? WarmupEnd::kServed
                            : WarmupEnd::kTime;
  return std::max(earliest, time_);
}

bool AcceptWatch::look(std::uint64_t waiting, Nanoseconds elapsed) noexcept {
  if (waiting < min_waiting_) {
    min_waiting_ = waiting;
    fell_at_ = elapsed;
  }
  return waiting > 0 && elapsed - fell_at_ < kTimeout && elapsed < kMaxWait;
}

// Others are served meanwhile, or nothing happens for the timeout of a reply.
bool Warmup::starves(const Progress& progress) {
  const std::uint64_t outcomes = progress.completed + progress.errors;
  if (progress.unserved < unserved_) {
    unserved_ = progress.unserved;
    served_at_ = progress.elapsed;
    outcomes_ = outcomes;
  }
  const Nanoseconds waited = progress.elapsed - served_at_;
  return progress.unserved > 0 && waited >= (outcomes > outcomes_ ? starvation_timeout_ : timeout_);
}

}  // namespace fanin::load
