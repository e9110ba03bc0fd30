#include "loadgen/reports/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "os/format.h"

namespace fanin::load {
namespace {

constexpr double kLateInvalid = 0.95;  // share of sends within tolerance (after Caladan)
constexpr double kLateWarning = 0.999;
constexpr double kFellBehind = 0.95;   // of the replies to requests of the window, before it closed
constexpr double kNearCeiling = 0.80;  // of what the driver reaches against a server that does nothing

// nullopt for an empty histogram.
std::optional<double> share_within(const Histogram& histogram, Nanoseconds tolerance) {
  const std::uint64_t total = histogram.count() + histogram.uncompleted();
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
    const double preempted = result.late_by_preemptions_share().value_or(0);
    auto text = fmt::format("only {:.2f} % of the requests left within {} us of their time", *within * 100,
                            std::chrono::duration_cast<std::chrono::microseconds>(tolerance).count());
    if (plan.idle_strategy.kind == IdleStrategy::kSpin) {
      text += fmt::format("; a further {:.2f} % would have without preemptions", preempted * 100);
    }
    verdict.late = *within < kLateInvalid;
    reasons.add(verdict.late ? Status::kInvalid : Status::kWarning,
                *within + preempted >= kLateWarning ? ReasonCode::kPreempted : ReasonCode::kLateSends, text);
  }
  const double in_time = static_cast<double>(result.completed_in_window) / static_cast<double>(result.completed);
  if (result.completed > 0 && in_time < kFellBehind) {
    reasons.warn(ReasonCode::kBacklog,
                 fmt::format("only {:.0f} % of the replies had come when the window closed", in_time * 100));
  }
}

void check_ceiling(const LoadPlan& plan, const LoadResult& result, Verdict& verdict, Reasons& reasons) {
  if (!plan.ceiling_per_s) {
    return;
  }
  const double share = result.requests_per_s() / *plan.ceiling_per_s;
  verdict.ceiling_share = share;
  if (share > kNearCeiling) {
    reasons.warn(ReasonCode::kNearCeiling, fmt::format("{} is {:.0f} % of the {} that the driver {} reaches here",
                                                       os::format_rate(result.requests_per_s()), share * 100,
                                                       os::format_rate(*plan.ceiling_per_s), driver_name(plan.driver)));
  }
}

double share(Nanoseconds part, Nanoseconds whole) {
  return whole > Nanoseconds(0) ? static_cast<double>(part.count()) / static_cast<double>(whole.count()) : 0.0;
}

std::string why_unknown(const ServerProcesses& server) {
  return !server.reason.empty() ? server.reason
         : server.roots.empty() ? "give --server-pid"
                                : fmt::format("process {} has ended", server.roots.front());
}

// Decides whether generator or server was at its limit, with the figures.
void find_bottleneck(const LoadPlan& plan, const LoadResult& result, Verdict& verdict) {
  const double targets = plan.slices ? plan.slices->targets : 1;  // each is idle while others have their turn
  const double busiest = result.busiest_thread_utilisation.value_or(0) * targets;
  const double all = plan.cpus > 0 ? result.threads_utilisation * targets / plan.cpus : 0;
  const double generator = verdict.generator_utilisation = std::max(busiest, all);
  const double waited = share(result.busiest_run_queue_wait, result.window);
  if (result.completed + result.completed_in_window == 0) {
    verdict.bottleneck_reason = "no request was completed";
    return;
  }
  if (result.window < targets * kShortestForCpu) {
    verdict.bottleneck_reason =
        fmt::format("the window of {} is too short to tell: CPU time is known to {}, which must be a tenth at most",
                    os::format_time(result.window), os::format_time(kTick));
    return;
  }
  const unsigned capacity = result.server ? std::min(result.server->cpus, result.server->threads) : 0;
  const double server = capacity > 0 ? targets * share(result.server->cpu, result.window) / capacity : 0;
  std::string figures =
      all > busiest
          ? fmt::format("the generator's threads used {:.0f} % of its {}", all * 100, os::plural(plan.cpus, "CPU"))
          : fmt::format("the generator's busiest thread used {:.0f} % of a CPU", busiest * 100);
  figures += result.server ? fmt::format(", the server {:.0f} % of its {}", server * 100, os::plural(capacity, "CPU"))
                           : "; the server's use is not known: " + why_unknown(plan.server);
  if (server >= kSaturated && server >= generator) {
    verdict.bottleneck = Bottleneck::kServer;
  } else if (generator >= kSaturated) {
    verdict.bottleneck = Bottleneck::kGenerator;
  } else if (const CpuContention contention = find_contention(plan, result); contention.most() >= kContended) {
    verdict.bottleneck = Bottleneck::kBusyMachine;
    figures = "the machine was busy: " + contention.text() + "; " + figures;
  } else if (generator + waited >= kSaturated) {
    verdict.bottleneck = Bottleneck::kUnknown;
    figures += fmt::format(" and waited for one {:.0f} % of the time: it has to share its CPU", waited * 100);
  } else if (!result.server) {
    verdict.bottleneck = Bottleneck::kUnknown;
  } else {
    verdict.bottleneck = plan.rate_per_s ? Bottleneck::kRateBound : Bottleneck::kLatencyBound;
    figures += plan.rate_per_s ? ": the schedule asks for no more" : ": wake-ups and think time bound the rate";
  }
  verdict.bottleneck_reason = figures;
}

}  // namespace

void Reasons::add(Status status, ReasonCode code, std::string_view text) {
  const auto place = static_cast<std::ptrdiff_t>(status == Status::kInvalid ? invalid_++ : verdict_.reasons.size());
  verdict_.status = std::max(verdict_.status, status);
  verdict_.reasons.insert(verdict_.reasons.begin() + place,
                          {code, os::printable(text)});  // may hold bytes of the server
}

Verdict decide_verdict(const LoadPlan& plan, const LoadResult& result) {
  Verdict verdict;
  Reasons reasons(verdict);
  if (result.window <= Nanoseconds(0)) {
    verdict.bottleneck_reason = "the window never opened";
    reasons.invalidate(ReasonCode::kUnreachable,
                       result.unreachable.empty() ? verdict.bottleneck_reason : result.unreachable);
    return verdict;
  }
  find_bottleneck(plan, result, verdict);
  check_outcomes(plan, result, reasons);
  check_connections(plan, result, reasons);
  check_closes(plan, result, reasons);
  if (plan.rate_per_s) {
    check_schedule(plan, result, verdict, reasons);
  }
  if (result.any_completed() || result.downtime.at_end) {
    check_downtime(plan, result, reasons);
  }
  if (result.any_completed()) {  // else the reasons so far say it all
    check_length(plan, result, reasons);
    check_unanswered_time(plan, result, reasons);
  }
  check_silence(plan, result, verdict, reasons);
  check_littles_law(plan, result, verdict, reasons);
  check_ceiling(plan, result, verdict, reasons);
  if (verdict.bottleneck == Bottleneck::kGenerator) {
    reasons.warn(ReasonCode::kGeneratorSaturated, "the generator was saturated, so the server may be faster than this");
  }
  check_machine(plan, result, reasons);
  return verdict;
}

std::string_view bottleneck_name(Bottleneck bottleneck) noexcept {
  switch (bottleneck) {
    case Bottleneck::kGenerator:
      return "generator";
    case Bottleneck::kServer:
      return "server";
    case Bottleneck::kRateBound:
      return "rate-bound";
    case Bottleneck::kLatencyBound:
      return "latency-bound";
    case Bottleneck::kBusyMachine:
      return "busy-machine";
    case Bottleneck::kUnknown:
      break;
  }
  return "unknown";
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
