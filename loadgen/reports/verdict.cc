#include "loadgen/reports/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "loadgen/reports/first_mismatch.h"
#include "loadgen/reports/human_text.h"
#include "loadgen/reports/time_checks.h"
#include "net/duration.h"

namespace fanin {
namespace {

constexpr double kLateInvalid = 0.95;  // share of sends within tolerance (after Caladan)
constexpr double kLateWarning = 0.999;
constexpr double kFellBehind = 0.95;        // of the requests of the window, replied to before it closed
constexpr double kNotClosedInvalid = 0.05;  // of the connections that the server was to close, and of their time
constexpr double kUnheardInvalid = 0.05;    // of the lines that members of a chat said to one another
constexpr Nanoseconds kSynRetry = std::chrono::seconds(1);  // TCP_TIMEOUT_INIT of Linux, RFC 6298
constexpr double kNearCeiling = 0.80;  // of what the driver reaches against a server that does nothing

// CPU time is read when a thread passes a border of the window, which an idle event loop does a tick late; of processes
// that have ended the kernel tells it in ticks as long. A tick must be no more of the window than kSaturated leaves.
constexpr Nanoseconds kShortestForCpu = 10 * kTick;
// A count of n independent replies has a standard deviation of sqrt(n): from 100 on, the rate is known to 10 %.
constexpr std::uint64_t kFewReplies = 100;

// Nothing of a histogram of nothing.
std::optional<double> share_within(const Histogram& histogram, Nanoseconds tolerance) {
  const std::uint64_t total = histogram.count() + histogram.infinite();
  std::uint64_t within = 0;
  for (const auto& bucket : histogram.buckets()) {
    if (Nanoseconds(Histogram::highest_of(Histogram::index_of(bucket.lowest))) <= tolerance) {
      within += bucket.count;
    }
  }
  return total > 0 ? std::optional(static_cast<double>(within) / static_cast<double>(total)) : std::nullopt;
}

double share(Nanoseconds part, Nanoseconds whole) {
  return whole > Nanoseconds(0) ? static_cast<double>(part.count()) / static_cast<double>(whole.count()) : 0.0;
}

std::string why_unknown(const ServerProcesses& server) {
  return !server.reason.empty() ? server.reason
         : server.roots.empty() ? "give --server-pid"
                                : fmt::format("process {} has ended", server.roots.front());
}

void find_bottleneck(const LoadPlan& plan, const LoadResult& result, Verdict& verdict) {
  const double turns = plan.slices ? plan.slices->targets : 1;  // a target that takes turns is idle in those of others
  const double busiest = result.busiest_thread_utilisation.value_or(0) * turns;
  const double all = plan.cpus > 0 ? result.threads_utilisation * turns / plan.cpus : 0;
  const double generator = verdict.generator_utilisation = std::max(busiest, all);
  const double waited = share(result.busiest_run_queue_wait, result.window);
  if (result.window < turns * kShortestForCpu) {
    verdict.bottleneck_reason =
        fmt::format("the window of {} is too short to tell: CPU time is known to {}, which must be a tenth at most",
                    human_duration(result.window), human_duration(kTick));
    return;
  }
  const unsigned capacity = result.server ? std::min(result.server->cpus, result.server->threads) : 0;
  const double server = capacity > 0 ? turns * share(result.server->cpu, result.window) / capacity : 0;
  std::string figures =
      all > busiest
          ? fmt::format("the generator's threads used {:.0f} % of its {}", all * 100, plural(plan.cpus, "CPU"))
          : fmt::format("the generator's busiest thread used {:.0f} % of a CPU", busiest * 100);
  figures += result.server ? fmt::format(", the server {:.0f} % of its {}", server * 100, plural(capacity, "CPU"))
                           : "; the server's use is not known: " + why_unknown(plan.server);
  if (server >= kSaturated && server >= generator) {
    verdict.bottleneck = Bottleneck::kServer;
  } else if (generator >= kSaturated) {
    verdict.bottleneck = Bottleneck::kGenerator;
  } else if (generator + waited >= kSaturated) {
    verdict.bottleneck = Bottleneck::kUnknown;
    figures += fmt::format(" and waited for one {:.0f} % of the time: it has to share its CPU", waited * 100);
  } else if (!result.server) {
    verdict.bottleneck = Bottleneck::kUnknown;
  } else {
    verdict.bottleneck = plan.rate_per_s ? Bottleneck::kSchedule : Bottleneck::kWaiting;
    figures += plan.rate_per_s ? ": the schedule asks for no more" : ": wake-ups and pauses rule";
  }
  verdict.bottleneck_reason = figures;
}

void check_schedule(const LoadPlan& plan, const LoadResult& result, Verdict& verdict, Reasons& reasons) {
  const Nanoseconds tolerance = lateness_tolerance(plan);
  const std::optional<double> within = share_within(result.lateness, tolerance);
  verdict.within_tolerance_share = within;
  verdict.achieved_rate_per_s = result.requests_per_s();
  if (within && *within < kLateWarning) {
    auto text = fmt::format("the generator was late: only {:.2f} % of the requests left within {} us of their time",
                            *within * 100, std::chrono::duration_cast<std::chrono::microseconds>(tolerance).count());
    if (plan.wait.kind == WaitKind::kSpin) {
      text += fmt::format("; a further {:.2f} % would have without the machine's stalls",
                          result.late_by_stalls_share().value_or(0) * 100);
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

// Where the target's counter cannot be read, a slow connect is the sign of one that was dropped: the kernel sends its
// SYN again after a second.
void check_accept_queue(const LoadPlan& plan, const LoadResult& result, Reasons& reasons) {
  if (const std::uint64_t overflows = result.listen_overflows.value_or(0); overflows > 0) {
    reasons.warn(
        kNoteQueue,
        fmt::format("the server's accept queue overflowed {}: connects were dropped and tried again after 1 s or more; "
                    "lower --connecting, or give the server a longer queue",
                    plural(overflows, "time")));
  } else if (!result.listen_overflows && !plan.target.is_unix() && result.connect.max() >= kSynRetry) {
    reasons.warn(
        kNoteQueue,
        fmt::format("the slowest connect took {}: its SYN was dropped, as by an accept queue that is full, and sent "
                    "again; lower --connecting, or give the server a longer queue",
                    human_duration(result.connect.max())));
  }
}

// Every connection: a closed loop that never pauses asks each of them all the time.
bool was_asked(const LoadPlan& plan, const LoadResult& result) {
  const bool always = !plan.rate_per_s && plan.think == Nanoseconds(0) && !plan.requests;
  return result.sent - result.request_errors[ErrorKind::kNotSent] >= plan.connections ||
         (always && result.completed > 0);
}

void check_connections(const LoadPlan& plan, const LoadResult& result, Reasons& reasons) {
  const std::uint64_t missing =
      plan.connections - std::min<std::uint64_t>(plan.connections, result.connections.established);
  if (missing > 0) {
    const bool closed = result.connection_errors[ErrorKind::kClosedIdle] >= missing;
    const auto text = fmt::format("{} of {} connections were not up when the traffic began{}", missing,
                                  plan.connections, closed ? ": the server closed them" : "");
    closed ? reasons.warn(kNoteConnections, text) : reasons.invalidate(kNoteConnections, text);
  }
  check_accept_queue(plan, result, reasons);
  if (result.served < plan.connections && was_asked(plan, result)) {
    reasons.warn(kNoteConnections, fmt::format("{} of {} connections were never served",
                                               plan.connections - result.served, plan.connections));
  }
  if (result.unserved_at_opening > 0 &&
      (result.warmup_end == WarmupEnd::kStarved || result.warmup_end == WarmupEnd::kLimit)) {
    reasons.warn(kNoteConnections,
                 fmt::format("{} of {} connections had not been served once when the window opened, {}",
                             result.unserved_at_opening, result.connections.established,
                             result.warmup_end == WarmupEnd::kStarved
                                 ? "and the server served no further ones"
                                 : fmt::format("after {} of warm-up", format_duration(result.warmup))));
  }
  if (result.connections.idle_established < plan.idle) {
    reasons.invalidate(kNoteConnections, fmt::format("{} of {} idle connections did not come up{}",
                                                     plan.idle - result.connections.idle_established, plan.idle,
                                                     plan.prove_idle ? ", or were not served" : ""));
  }
  if (plan.prove_idle && result.connections.idle_served < result.connections.idle_established) {
    reasons.invalidate(kNoteConnections,
                       fmt::format("{} of {} idle connections were not served",
                                   result.connections.idle_established - result.connections.idle_served, plan.idle));
  }
  if (result.connections.idle_lost > 0) {
    reasons.warn(kNoteConnections,
                 fmt::format("the server closed {} of {} idle connections", result.connections.idle_lost, plan.idle));
  }
}

// With --close server: a connection that the server does not close waits for --timeout or the end of the run and asks
// nothing, so that the result is about the timeout.
void check_closes(const LoadPlan& plan, const LoadResult& result, Reasons& reasons) {
  const std::uint64_t left_open = result.connection_errors[ErrorKind::kNotClosed];
  if (left_open == 0) {
    return;
  }
  const std::uint64_t idle = std::min(result.connections.idle_established, result.connect.count());
  const std::uint64_t lives = std::max(left_open, result.connect.count() - idle);
  const double waited = result.share_of_connections(result.unclosed_time, plan).value_or(0);
  const auto text =
      fmt::format("the server did not close {} of {} connections: waiting for it took {:.3g} % of their time",
                  left_open, lives, waited * 100);
  const bool many = static_cast<double>(left_open) > kNotClosedInvalid * static_cast<double>(lives);
  many || waited > kNotClosedInvalid ? reasons.invalidate(kNoteNotClosed, text) : reasons.warn(kNoteNotClosed, text);
}

// Failed and unanswered requests, but for those that an overload or an interrupt leaves unanswered: in an open loop
// they rank as slower than any, and are part of what was measured.
std::uint64_t that_invalidate(const LoadPlan& plan, const LoadResult& result) {
  const std::uint64_t cut_off = result.interrupted ? result.request_errors[ErrorKind::kOpenAtEnd] : 0;
  return result.failed + (plan.rate_per_s ? 0 : result.unanswered - std::min(cut_off, result.unanswered));
}

void check_outcomes(const LoadPlan& plan, const LoadResult& result, Reasons& reasons) {
  std::uint64_t wrong = 0;
  std::uint64_t outside = 0;  // of those, the ones that the table of errors does not show
  for (const ErrorKind kind : {ErrorKind::kMismatch, ErrorKind::kTooLong, ErrorKind::kPatternLimit}) {
    wrong += result.request_errors[kind] + result.outside_errors[kind] + result.connection_errors[kind];
    outside += result.outside_errors[kind];
  }
  if (wrong > 0) {
    const bool bodies = std::any_of(plan.protocol_texts.begin(), plan.protocol_texts.end(),
                                    [](const auto& text) { return text.first.starts_with("expect_body"); });
    reasons.invalidate(kNoteMismatch,
                       fmt::format("{} {} not what protocol and {} ask for{}", plural(wrong, "reply"),
                                   wrong == 1 ? "was" : "were", bodies ? "--expect-body" : "payload",
                                   outside > 0 ? fmt::format(", {} of them during the warm-up", outside) : ""));
  }
  const bool slow = !result.interrupted && !plan.rate_per_s && plan.think == Nanoseconds(0) && result.failed == 0 &&
                    result.completed_outside > 0 && result.downtime.lost == Nanoseconds(0) &&
                    result.connection_errors[ErrorKind::kNotClosed] == 0;
  if (result.completed == 0 && slow) {
    reasons.invalidate(kNoteNone, "no request was completed: replies take longer than the window");
  } else if (const std::string why = why_no_reply(plan, result); !why.empty()) {
    reasons.invalidate(kNoteNone, "no request was completed: " + why);
  } else if (result.sent == 0) {
    reasons.invalidate(kNoteNone,
                       plan.rate_per_s ? "no request was due in the window" : "no request was sent in the window");
  } else if (result.request_errors[ErrorKind::kNotSent] == result.sent) {
    reasons.invalidate(kNoteNone, "no request that was due in the window was sent: no connection was free for it");
  } else if (result.completed == 0) {
    reasons.invalidate(kNoteNone, "no request was completed");
  } else if (result.completed_in_window == 0) {
    reasons.invalidate(kNoteNone, "no reply came within the window");
  } else if (const std::uint64_t bad = result.failed + result.unanswered; bad > 0) {
    const auto text = fmt::format("{} of {} requests failed or were not answered", bad, result.sent);
    const bool many =
        static_cast<double>(that_invalidate(plan, result)) > kFailedInvalid * static_cast<double>(result.sent);
    many ? reasons.invalidate(kNoteErrors, text) : reasons.warn(kNoteErrors, text);
  }
  if (result.gave_up) {
    reasons.invalidate(kNoteGaveUp, fmt::format("gave up after {} of {} requests: no connection was left for {}",
                                                result.sent, *plan.requests, format_duration(plan.timeout)));
  }
  if (plan.warmup_until_steady && !result.warmup_steady) {
    reasons.warn(kNoteUnsteady,
                 fmt::format("the throughput had not become steady after {} of warm-up", format_duration(plan.warmup)));
  }
  if (result.interrupted) {
    reasons.warn(kNoteInterrupted, "interrupted: the window is shorter than asked");
  }
}

// Of a chat whose members stay: each line that came back to whoever said it has reached all others as well, but for
// those that were still under way when the run ended, as many as can be in flight. A server that only echoes is faster.
void check_members(const LoadPlan& plan, const LoadResult& result, Reasons& reasons) {
  if (!result.lines_of_others || plan.requests_per_connection > 0 || result.served < 2) {
    return;
  }
  const auto others = static_cast<double>(result.served - 1);
  const double said = static_cast<double>(result.completed + result.completed_outside) * others;
  const double under_way = static_cast<double>(result.served) * plan.depth * others;
  const auto heard = static_cast<double>(*result.lines_of_others);
  if (said - heard > kUnheardInvalid * said + under_way) {
    reasons.invalidate(kNoteMembers, fmt::format("members of the chat received {} of {:.0f} lines that others had said",
                                                 *result.lines_of_others, said));
  }
}

void check_number(const LoadResult& result, Reasons& reasons) {
  if (const std::uint64_t replies = result.completed_in_window; replies > 0 && replies < kFewReplies) {
    reasons.warn(kNoteFew, fmt::format("only {} within the window: a rate takes {} to be known to 10 %",
                                       plural(replies, "reply"), kFewReplies));
  }
}

void check_unsolicited(const LoadResult& result, Reasons& reasons) {
  if (const std::uint64_t unsolicited = result.connection_errors[ErrorKind::kUnsolicited]; unsolicited > 0) {
    reasons.invalidate(kNoteUnsolicited, fmt::format("the server sent bytes {} that no request had asked for: a "
                                                     "reply may have been there before its request",
                                                     plural(unsolicited, "time")));
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

Verdict judge(const LoadPlan& plan, const LoadResult& result) {
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

std::string_view bottleneck_name(Bottleneck bottleneck) noexcept {
  switch (bottleneck) {
    case Bottleneck::kGenerator:
      return "generator";
    case Bottleneck::kServer:
      return "server";
    case Bottleneck::kSchedule:
      return "schedule";
    case Bottleneck::kWaiting:
      return "waiting";
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

}  // namespace fanin
