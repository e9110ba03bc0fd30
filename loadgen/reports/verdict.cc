#include "loadgen/reports/verdict.h"

#include <fmt/format.h>

#include <algorithm>

#include "loadgen/reports/bottleneck.h"
#include "loadgen/reports/connection_checks.h"
#include "loadgen/reports/outcome_checks.h"
#include "loadgen/reports/time_checks.h"

namespace fanin::load {
namespace {

constexpr double kLateInvalid = 0.95;  // share of sends within tolerance (after Caladan)
constexpr double kLateWarning = 0.999;
constexpr double kFellBehind = 0.95;   // of the requests of the window, replied to before it closed
constexpr double kNearCeiling = 0.80;  // of what the driver reaches against a server that does nothing

// Nothing of a histogram of nothing.
std::optional<double> share_within(const Histogram& histogram, Nanoseconds tolerance) {
  const std::uint64_t total = histogram.count() + histogram.infinite();
  std::uint64_t within = 0;
  for (const auto& bucket : histogram.buckets()) {
    if (Nanoseconds(Histogram::highest_value(Histogram::index_for(bucket.lowest))) <= tolerance) {
      within += bucket.count;
    }
  }
  return total > 0 ? std::optional(static_cast<double>(within) / static_cast<double>(total)) : std::nullopt;
}

void check_schedule(const LoadPlan& plan, const LoadResult& result, Verdict& verdict, Reasons& reasons) {
  const Nanoseconds tolerance = lateness_tolerance(plan);
  const std::optional<double> within = share_within(result.lateness, tolerance);
  verdict.within_tolerance_share = within;
  verdict.achieved_rate_per_s = result.requests_per_s();
  if (within && *within < kLateWarning) {
    auto text = fmt::format("the generator was late: only {:.2f} % of the requests left within {} us of their time",
                            *within * 100, std::chrono::duration_cast<std::chrono::microseconds>(tolerance).count());
    if (plan.idle_strategy.kind == IdleStrategy::kSpin) {
      text += fmt::format("; a further {:.2f} % would have without preemptions",
                          result.late_by_preemptions_share().value_or(0) * 100);
    }
    verdict.late = *within < kLateInvalid;
    verdict.late ? reasons.invalidate(kNoteLate, text) : reasons.warn(kNoteLate, text);
  }
  const double in_time = static_cast<double>(result.completed_in_window) / static_cast<double>(result.completed);
  if (result.completed > 0 && in_time < kFellBehind) {
    reasons.warn(kNoteBehind, fmt::format("the replies fell behind: when the window closed {:.0f} % of them had come",
                                          in_time * 100));
  }
}

void check_ceiling(const LoadPlan& plan, const LoadResult& result, Verdict& verdict, Reasons& reasons) {
  if (!plan.ceiling_per_s) {
    return;
  }
  const double share = result.requests_per_s() / *plan.ceiling_per_s;
  verdict.ceiling_share = share;
  if (share > kNearCeiling) {
    reasons.warn(kNoteClient,
                 fmt::format("client-limited: {:.0f}/s is {:.0f} % of the {:.0f}/s that the driver {} reaches here",
                             result.requests_per_s(), share * 100, *plan.ceiling_per_s, driver_name(plan.driver)));
  }
}

}  // namespace

Verdict decide_verdict(const LoadPlan& plan, const LoadResult& result) {
  Verdict verdict;
  Reasons reasons(verdict);
  if (result.window <= Nanoseconds(0)) {
    verdict.bottleneck_reason = "the window never opened";
    reasons.invalidate(kNoteUnreachable, result.unreachable.empty() ? verdict.bottleneck_reason : result.unreachable);
    return verdict;
  }
  find_bottleneck(plan, result, verdict);
  check_outcomes(plan, result, reasons);
  check_members(plan, result, reasons);
  check_number(result, reasons);
  check_unsolicited(result, reasons);
  check_connections(plan, result, reasons);
  check_closes(plan, result, reasons);
  if (plan.rate_per_s) {
    check_schedule(plan, result, verdict, reasons);
  }
  check_length(plan, result, reasons);
  check_downtime(plan, result, reasons);
  check_unanswered(plan, result, reasons);
  check_silence(plan, result, verdict, reasons);
  check_littles_law(plan, result, verdict, reasons);
  check_ceiling(plan, result, verdict, reasons);
  if (verdict.bottleneck == Bottleneck::kGenerator) {
    reasons.warn(kNoteClient, "client-limited: the generator was saturated, so the server may be faster than this");
  }
  return verdict;
}

std::string_view status_name(Status status) noexcept {
  switch (status) {
    case Status::kValid:
      return "valid";
    case Status::kWarning:
      return "warning";
    case Status::kInvalid:
      break;
  }
  return "invalid";
}

}  // namespace fanin::load
