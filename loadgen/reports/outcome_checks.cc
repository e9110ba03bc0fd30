#include "loadgen/reports/outcome_checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "loadgen/reports/first_mismatch.h"
#include "loadgen/reports/format.h"
#include "net/duration.h"

namespace fanin::load {
namespace {

constexpr double kUnheardInvalid = 0.05;  // of the lines that members of a chat said to one another
// A count of n independent replies has a standard deviation of sqrt(n): from 100 on, the rate is known to 10 %.
constexpr std::uint64_t kFewReplies = 100;

// Failed and unanswered requests, but for those that an overload or an interrupt leaves unanswered: in an open loop
// they rank as slower than any, and are part of what was measured.
std::uint64_t that_invalidate(const LoadPlan& plan, const LoadResult& result) {
  const std::uint64_t cut_off = result.interrupted ? result.request_errors[ErrorKind::kOpenAtEnd] : 0;
  return result.failed + (plan.rate_per_s ? 0 : result.unanswered - std::min(cut_off, result.unanswered));
}

void check_mismatches(const LoadPlan& plan, const LoadResult& result, Reasons& reasons) {
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
}

// Of a closed loop without a reply in the window: the replies of the warm-up came several times faster than one in a
// window. Their mean latency follows from Little's law.
bool stood_still(const LoadPlan& plan, const LoadResult& result) {
  constexpr double kStandstillFactor = 3;
  const double in_flight = static_cast<double>(plan.connections) * plan.pipeline;
  const auto requests = static_cast<double>(result.warmup_requests);
  return requests > in_flight &&
         kStandstillFactor * in_flight * to_seconds(result.warmup) / requests < to_seconds(result.window);
}

// Why there is nothing to go by; empty: there is.
std::string why_none(const LoadPlan& plan, const LoadResult& result) {
  const bool slow = !result.interrupted && !plan.rate_per_s && plan.think_time == Nanoseconds(0) &&
                    result.failed == 0 && result.completed_outside > 0 && result.downtime.lost == Nanoseconds(0) &&
                    result.connection_errors[ErrorKind::kNotClosed] == 0;
  if (result.completed_in_window == 0 && slow && stood_still(plan, result)) {
    return fmt::format(
        "no reply for the whole window of {:.2f} s, after {} in the warm-up: the server or the machine stood still",
        to_seconds(result.window), plural(result.warmup_requests, "request"));
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
  if (result.completed_in_window == 0) {
    return "no reply came within the window";
  }
  return "";
}

}  // namespace

void check_outcomes(const LoadPlan& plan, const LoadResult& result, Reasons& reasons) {
  check_mismatches(plan, result, reasons);
  if (const std::string why = why_none(plan, result); !why.empty()) {
    reasons.invalidate(kNoteNone, why);
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
  const double under_way = static_cast<double>(result.served) * plan.pipeline * others;
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

}  // namespace fanin::load
