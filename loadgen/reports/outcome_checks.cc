#include <fmt/format.h>

#include <algorithm>

#include "loadgen/records/clock.h"
#include "loadgen/reports/report.h"
#include "loadgen/reports/verdict.h"
#include "os/format.h"

namespace fanin::load {
namespace {

constexpr double kMissedInvalid = 0.05;  // of the lines that members of a chat sent to one another
// A count of n independent replies has a standard deviation of sqrt(n): from 100 on, the rate is known to 10 %.
constexpr std::uint64_t kMinReplies = 100;
constexpr double kUnservedInvalid = 0.5;    // of the connections: most figures are then those of the other connections
constexpr double kNotClosedInvalid = 0.05;  // of the connections that the server should close, and of their time
constexpr double kAbortsFailed = 0.05;      // of those that were due
constexpr Nanoseconds kSynRetry = std::chrono::seconds(1);  // TCP_TIMEOUT_INIT of Linux, RFC 6298

Status invalid_if(bool condition) { return condition ? Status::kInvalid : Status::kWarning; }

// Failed and unanswered requests without those that an overload or an interrupt leaves unanswered: an open loop ranks
// these above every latency and so measures them.
std::uint64_t count_invalidating(const LoadPlan& plan, const LoadResult& result) {
  const std::uint64_t cut_off = result.interrupted ? result.request_errors[ErrorKind::kOpenAtEnd] : 0;
  return result.failed + (plan.rate_per_s ? 0 : result.unanswered - std::min(cut_off, result.unanswered));
}

// Returns whether there are wrong replies alone, which is then the whole cause.
bool check_mismatches(const LoadPlan& plan, const LoadResult& result, Reasons& reasons) {
  std::uint64_t wrong = 0;
  std::uint64_t outside = 0;  // of those, the ones that the table of errors does not show
  for (const ErrorKind kind : {ErrorKind::kMismatch, ErrorKind::kTooLong, ErrorKind::kPatternLimit}) {
    wrong += result.request_errors[kind] + result.outside_errors[kind] + result.connection_errors[kind];
    outside += result.outside_errors[kind];
  }
  if (wrong > 0) {
    const bool bodies = std::any_of(plan.protocol_texts.begin(), plan.protocol_texts.end(),
                                    [](const auto& text) { return text.first.starts_with("expect_body"); });
    reasons.invalidate(
        ReasonCode::kMismatch,
        fmt::format("{}{} {} not what protocol and {} ask for{}",
                    result.any_completed() ? "" : "no request was completed: ", os::plural(wrong, "reply"),
                    os::was_or_were(wrong), bodies ? "--expect-body" : "payload",
                    outside > 0 ? fmt::format(", {} of them during the warm-up", outside) : ""));
  }
  return wrong > 0 && !result.any_completed();
}

// Whether a closed loop without a reply in the window had replies in the warm-up that came several times faster than
// one in a window. Their mean latency follows from Little's law.
bool is_standstill(const LoadPlan& plan, const LoadResult& result) {
  constexpr double kStandstillFactor = 3;
  const double in_flight = static_cast<double>(plan.connections) * plan.pipeline;
  const auto requests = static_cast<double>(result.warmup_requests);
  return requests > in_flight &&
         kStandstillFactor * in_flight * net::to_seconds(result.warmup) / requests < net::to_seconds(result.window);
}

// Why the window has no reply; empty: it has some.
std::string why_none(const LoadPlan& plan, const LoadResult& result) {
  const bool slow = !result.interrupted && !plan.rate_per_s && plan.think_time == Nanoseconds(0) &&
                    result.failed == 0 && result.completed_outside > 0 && result.downtime.lost == Nanoseconds(0) &&
                    result.connection_errors[ErrorKind::kNotClosed] == 0;
  if (result.completed_in_window == 0 && slow && is_standstill(plan, result)) {
    return fmt::format(
        "no reply for the whole window of {:.2f} s, after {} in the warm-up: the server or the machine stood still",
        net::to_seconds(result.window), os::plural(result.warmup_requests, "request"));
  }
  if (result.completed == 0 && slow) {
    return "no request was completed: replies take longer than the window";
  }
  if (const std::string why = why_no_reply(plan, result); !why.empty()) {
    return "no request was completed: " + why;
  }
  if (result.sent == 0) {
    return plan.rate_per_s ? "no request was due in the window" : "no request was sent in the window";
  }
  if (result.request_errors[ErrorKind::kNotSent] == result.sent) {
    return "no request that was due in the window was sent: no connection was free for it";
  }
  if (result.completed == 0) {
    return "no request was completed";
  }
  return result.completed_in_window == 0 ? "no reply came within the window" : "";
}

void check_requests(const LoadPlan& plan, const LoadResult& result, Reasons& reasons) {
  if (const std::string why = why_none(plan, result); !why.empty()) {
    reasons.invalidate(ReasonCode::kNoReply, why);
  } else if (const std::uint64_t bad = result.failed + result.unanswered; bad > 0) {
    const bool many =
        static_cast<double>(count_invalidating(plan, result)) > kFailedInvalid * static_cast<double>(result.sent);
    reasons.add(
        invalid_if(many), ReasonCode::kFailedRequests,
        os::part_of(bad, result.sent, "request") + " failed or " + std::string(os::was_or_were(bad)) + " not answered");
  }
  if (result.gave_up) {
    reasons.invalidate(ReasonCode::kGaveUp, fmt::format("gave up after {}: no connection was left for {}",
                                                        os::part_of(result.sent, *plan.requests, "request"),
                                                        net::format_duration(plan.timeout)));
  }
}

// Members of a chat that stay: each line that came back to its sender has reached all others as well, except lines that
// were under way when the run ended, as many as can be in flight. A server that only echoes is faster.
void check_members(const LoadPlan& plan, const LoadResult& result, Reasons& reasons) {
  if (!result.lines_of_others || plan.requests_per_connection > 0 || result.served < 2) {
    return;
  }
  const std::uint64_t others = result.served - 1;
  const std::uint64_t due = (result.completed + result.completed_outside) * others;
  const auto under_way = static_cast<double>(result.served * plan.pipeline * others);
  if (static_cast<double>(due) - static_cast<double>(*result.lines_of_others) >
      kMissedInvalid * static_cast<double>(due) + under_way) {
    reasons.invalidate(ReasonCode::kMissedLines, fmt::format("members of the chat received {} that others sent",
                                                             os::part_of(*result.lines_of_others, due, "line")));
  }
}

// Where the target's counter cannot be read, a slow connect is the sign of one that was dropped: the kernel sends its
// SYN again after a second.
void check_accept_queue(const LoadPlan& plan, const LoadResult& result, Reasons& reasons) {
  if (const std::uint64_t overflows = result.listen_overflows.value_or(0); overflows > 0) {
    reasons.warn(
        ReasonCode::kAcceptQueueOverflow,
        fmt::format("the server's accept queue overflowed {}: connects were dropped and tried again after 1 s or more; "
                    "lower --connect-concurrency, or give the server a longer queue",
                    os::plural(overflows, "time")));
  } else if (!result.listen_overflows && !plan.target.is_unix() && result.connect.max() >= kSynRetry) {
    reasons.warn(
        ReasonCode::kAcceptQueueOverflow,
        fmt::format("the slowest connect took {}: its SYN was dropped, as by an accept queue that is full, and sent "
                    "again; lower --connect-concurrency, or give the server a longer queue",
                    os::format_time(result.connect.max())));
  }
}

// Whether every connection had a request: a closed loop without think time sends on all of them, all the time.
bool all_had_requests(const LoadPlan& plan, const LoadResult& result) {
  const bool always = !plan.rate_per_s && plan.think_time == Nanoseconds(0) && !plan.requests;
  return result.sent - result.request_errors[ErrorKind::kNotSent] >= plan.connections ||
         (always && result.completed > 0);
}

// The figures of a run are those of the connections that have replies.
void check_served(const LoadPlan& plan, const LoadResult& result, Reasons& reasons) {
  if (result.served < plan.connections && result.any_completed() && all_had_requests(plan, result)) {
    const std::uint64_t unserved = plan.connections - result.served;
    const bool many = static_cast<double>(unserved) >= kUnservedInvalid * plan.connections;
    reasons.add(
        invalid_if(many), ReasonCode::kUnservedConnections,
        fmt::format("{} {} never served{}", os::part_of(unserved, plan.connections, "connection"),
                    os::was_or_were(unserved),
                    result.served > 0 ? fmt::format(": the figures are those of the other {}", result.served) : ""));
  }
  if (result.unserved_at_opening > 0 && result.any_completed() &&
      (result.warmup_end == WarmupEnd::kStarved || result.warmup_end == WarmupEnd::kLimit)) {
    reasons.warn(ReasonCode::kUnservedConnections,
                 fmt::format("{} had not been served when the window opened, {}",
                             os::part_of(result.unserved_at_opening, result.connections.established, "connection"),
                             result.warmup_end == WarmupEnd::kStarved
                                 ? "and the server served no further ones"
                                 : fmt::format("after {} of warm-up", net::format_duration(result.warmup))));
  }
}

void check_idle(const LoadPlan& plan, const LoadResult& result, Reasons& reasons) {
  const ConnectionCounts& counts = result.connections;
  if (counts.idle_established < plan.idle) {
    reasons.invalidate(ReasonCode::kMissingConnections,
                       fmt::format("{} did not come up{}",
                                   os::part_of(plan.idle - counts.idle_established, plan.idle, "idle connection"),
                                   plan.verify_idle ? ", or were not served" : ""));
  }
  if (plan.verify_idle && counts.idle_served < counts.idle_established) {
    const std::uint64_t unserved = counts.idle_established - counts.idle_served;
    reasons.invalidate(ReasonCode::kUnservedConnections,
                       fmt::format("{} {} not served", os::part_of(unserved, plan.idle, "idle connection"),
                                   os::was_or_were(unserved)));
  }
  // Any active connection may be in the queue too.
  if (plan.idle > 0 && result.waiting_for_accept > plan.connections) {
    reasons.invalidate(
        ReasonCode::kUnservedConnections,
        fmt::format("the server did not accept at least {}: they waited in its accept queue",
                    os::part_of(result.waiting_for_accept - plan.connections, plan.idle, "idle connection")));
  }
  if (counts.idle_lost > 0) {
    reasons.warn(ReasonCode::kLostIdle,
                 "the server closed " + os::part_of(counts.idle_lost, plan.idle, "idle connection"));
  }
}

// Without aborts the result would say that they do no harm.
void check_aborts(const LoadPlan& plan, const LoadResult& result, Reasons& reasons) {
  const ConnectionCounts& counts = result.connections;
  const std::uint64_t due = counts.aborts_made + counts.aborts_failed;
  if (plan.aborts_per_s && result.opened_at &&
      static_cast<double>(counts.aborts_failed) > kAbortsFailed * static_cast<double>(due)) {
    reasons.add(invalid_if(counts.aborts_made == 0), ReasonCode::kFailedAborts,
                fmt::format("{} failed: they could not connect, or the server closed them first",
                            os::part_of(counts.aborts_failed, due, "abort")));
  }
}

}  // namespace

void check_outcomes(const LoadPlan& plan, const LoadResult& result, Reasons& reasons) {
  if (!check_mismatches(plan, result, reasons)) {
    check_requests(plan, result, reasons);
  }
  if (plan.warmup_until_steady && !result.warmup_steady && result.any_completed()) {
    reasons.warn(ReasonCode::kUnsteadyWarmup, fmt::format("the throughput had not become steady after {} of warm-up",
                                                          net::format_duration(plan.warmup)));
  }
  if (result.interrupted) {
    reasons.warn(ReasonCode::kInterrupted, "a signal ended the window early, so it is shorter than asked");
  }
  check_members(plan, result, reasons);
  if (const std::uint64_t replies = result.completed_in_window; replies > 0 && replies < kMinReplies) {
    reasons.warn(ReasonCode::kFewSamples, fmt::format("only {} within the window: a rate takes {} to be known to 10 %",
                                                      os::plural(replies, "reply"), kMinReplies));
  }
  if (const std::uint64_t unsolicited = result.connection_errors[ErrorKind::kUnsolicited]; unsolicited > 0) {
    reasons.invalidate(ReasonCode::kUnsolicited, fmt::format("the server sent bytes {} without a request: a reply may "
                                                             "have been there before its request",
                                                             os::plural(unsolicited, "time")));
  }
}

void check_connections(const LoadPlan& plan, const LoadResult& result, Reasons& reasons) {
  const std::uint64_t missing =
      plan.connections - std::min<std::uint64_t>(plan.connections, result.connections.established);
  if (missing > 0) {
    const bool closed = result.connection_errors[ErrorKind::kClosedIdle] >= missing;
    reasons.add(
        invalid_if(!closed), ReasonCode::kMissingConnections,
        fmt::format("{} {} not up when the traffic began{}", os::part_of(missing, plan.connections, "connection"),
                    os::was_or_were(missing), closed ? ": the server closed them" : ""));
  }
  check_accept_queue(plan, result, reasons);
  check_served(plan, result, reasons);
  check_idle(plan, result, reasons);
  check_aborts(plan, result, reasons);
}

// With --close server: a connection that the server does not close waits for --timeout or the end of the run and sends
// nothing, so the result is about the timeout.
void check_closes(const LoadPlan& plan, const LoadResult& result, Reasons& reasons) {
  const std::uint64_t left_open = result.connection_errors[ErrorKind::kNotClosed];
  if (left_open == 0) {
    return;
  }
  const std::uint64_t idle = std::min(result.connections.idle_established, result.connect.count());
  const std::uint64_t lives = std::max(left_open, result.connect.count() - idle);
  const double waited = result.share_of_connections(result.unclosed_time, plan).value_or(0);
  const bool many = static_cast<double>(left_open) > kNotClosedInvalid * static_cast<double>(lives);
  reasons.add(invalid_if(many || waited > kNotClosedInvalid), ReasonCode::kNotClosed,
              fmt::format("the server did not close {}: waiting for it took {:.3g} % of their time",
                          os::part_of(left_open, lives, "connection"), waited * 100));
}

}  // namespace fanin::load
