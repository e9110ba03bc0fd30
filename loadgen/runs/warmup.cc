#include "loadgen/runs/warmup.h"

#include <algorithm>
#include <cmath>

namespace fanin::load {
namespace {

// Until every thread has seen that the window opens: event loops look at each tick, blocking threads sleep for longer.
constexpr Nanoseconds kLoopLead = 3 * kTick;
constexpr Nanoseconds kBlockingLead = std::chrono::milliseconds(100);

// How long an open loop takes to ask every connection: an event loop asks them in turn, a blocking thread has its own
// share of the schedule, so the last of n comes after about ln n gaps of its own.
Nanoseconds time_to_ask_all(const LoadPlan& plan) {
  if (!plan.rate_per_s) {
    return Nanoseconds(0);
  }
  const double rounds = has_event_loops(plan.driver) ? 1 : 1 + std::log(plan.connections);
  const double seconds = plan.connections * rounds / *plan.rate_per_s;
  return seconds < 1e6 ? Nanoseconds(static_cast<std::int64_t>(seconds * 1e9)) : Nanoseconds::max();
}

// Not where connections come and go, where the window is tied to the schedule, or where there is no warm-up.
bool waits_for_replies(const LoadPlan& plan) {
  return plan.warmup > Nanoseconds(0) && !plan.churns() && !plan.ramp && !plan.trace &&
         time_to_ask_all(plan) <= Warmup::kMaxWait;
}

}  // namespace

Warmup::Warmup(const LoadPlan& plan)
    : until_steady_(plan.warmup_until_steady),
      until_served_(waits_for_replies(plan)),
      time_(until_steady_ ? Nanoseconds(0) : plan.warmup),
      limit_(plan.warmup + (until_served_ && !until_steady_ ? kMaxWait : Nanoseconds(0))),
      lead_(has_event_loops(plan.driver) ? kLoopLead : kBlockingLead),
      timeout_(plan.timeout),
      end_(watches() ? WarmupEnd::kLimit : WarmupEnd::kTime) {
  if (until_served_) {
    patience_ += time_to_ask_all(plan);
    timeout_ = std::max(timeout_, patience_);
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
  if (waiting < fewest_) {
    fewest_ = waiting;
    fell_at_ = elapsed;
  }
  return waiting > 0 && elapsed - fell_at_ < kPatience && elapsed < kMaxWait;
}

// Others are served meanwhile, or nothing happens for as long as a reply may take.
bool Warmup::starves(const Progress& progress) {
  const std::uint64_t outcomes = progress.completed + progress.errors;
  if (progress.unserved < unserved_) {
    unserved_ = progress.unserved;
    served_at_ = progress.elapsed;
    outcomes_ = outcomes;
  }
  const Nanoseconds waited = progress.elapsed - served_at_;
  return progress.unserved > 0 && waited >= (outcomes > outcomes_ ? patience_ : timeout_);
}

}  // namespace fanin::load
