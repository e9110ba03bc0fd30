#include "loadgen/reports/connection_checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "loadgen/reports/format.h"
#include "net/duration.h"

namespace fanin::load {
namespace {

constexpr double kNotClosedInvalid = 0.05;  // of the connections that the server was to close, and of their time
constexpr Nanoseconds kSynRetry = std::chrono::seconds(1);  // TCP_TIMEOUT_INIT of Linux, RFC 6298

// Where the target's counter cannot be read, a slow connect is the sign of one that was dropped: the kernel sends its
// SYN again after a second.
void check_accept_queue(const LoadPlan& plan, const LoadResult& result, Reasons& reasons) {
  if (const std::uint64_t overflows = result.listen_overflows.value_or(0); overflows > 0) {
    reasons.warn(
        kNoteQueue,
        fmt::format("the server's accept queue overflowed {}: connects were dropped and tried again after 1 s or more; "
                    "lower --connect-concurrency, or give the server a longer queue",
                    plural(overflows, "time")));
  } else if (!result.listen_overflows && !plan.target.is_unix() && result.connect.max() >= kSynRetry) {
    reasons.warn(
        kNoteQueue,
        fmt::format("the slowest connect took {}: its SYN was dropped, as by an accept queue that is full, and sent "
                    "again; lower --connect-concurrency, or give the server a longer queue",
                    format_time(result.connect.max())));
  }
}

// Every connection: a closed loop that never pauses asks each of them all the time.
bool was_asked(const LoadPlan& plan, const LoadResult& result) {
  const bool always = !plan.rate_per_s && plan.think_time == Nanoseconds(0) && !plan.requests;
  return result.sent - result.request_errors[ErrorKind::kNotSent] >= plan.connections ||
         (always && result.completed > 0);
}

}  // namespace

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
                                                     plan.verify_idle ? ", or were not served" : ""));
  }
  if (plan.verify_idle && result.connections.idle_served < result.connections.idle_established) {
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

void check_unsolicited(const LoadResult& result, Reasons& reasons) {
  if (const std::uint64_t unsolicited = result.connection_errors[ErrorKind::kUnsolicited]; unsolicited > 0) {
    reasons.invalidate(kNoteUnsolicited, fmt::format("the server sent bytes {} that no request had asked for: a "
                                                     "reply may have been there before its request",
                                                     plural(unsolicited, "time")));
  }
}

}  // namespace fanin::load
