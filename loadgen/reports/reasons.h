#pragma once

#include <array>
#include <string>
#include <string_view>

namespace fanin::load {

// What a reason of a verdict is about. docs/methodology.md lists them, and JSON has their names: they are stable.
enum class ReasonCode {
  kUnreachable,
  kMissingConnections,
  kUnservedConnections,
  kLostIdle,
  kDowntime,
  kNotClosed,
  kAcceptQueueOverflow,
  kNoReply,
  kGaveUp,
  kFailedRequests,
  kUnansweredTime,
  kMismatch,
  kUnsolicited,
  kMissedLines,
  kFewSamples,
  kInterrupted,
  kUnsteadyWarmup,
  kLongReplies,
  kSilence,
  kLateSends,
  kPreempted,
  kBacklog,
  kGeneratorSaturated,
  kNearCeiling,
  kLittlesLaw,
};

struct ReasonEntry {
  ReasonCode code;
  std::string_view name;
  std::string_view meaning;
  std::string_view advice;
};

inline constexpr std::array kReasonTable{
    ReasonEntry{ReasonCode::kUnreachable, "unreachable", "no connection came up, so the window never opened",
                "check the address and that the server runs"},
    ReasonEntry{ReasonCode::kMissingConnections, "missing-connections",
                "some connections were not up when the traffic began",
                "raise the limits of server and machine; `fanin doctor --connections N` shows those of the machine"},
    ReasonEntry{ReasonCode::kUnservedConnections, "unserved-connections", "some connections never had a reply",
                "use as many connections as the server serves at once"},
    ReasonEntry{ReasonCode::kLostIdle, "lost-idle", "the server closed idle connections",
                "raise the idle timeout of the server"},
    ReasonEntry{ReasonCode::kDowntime, "downtime", "connections were lost for a part of the window",
                "see `errors` for why they broke"},
    ReasonEntry{ReasonCode::kNotClosed, "not-closed",
                "the server did not close connections that --close server left it", "use --close fin or --close rst"},
    ReasonEntry{ReasonCode::kAcceptQueueOverflow, "accept-queue-overflow",
                "the accept queue of the server was full, so connects were dropped and sent again after 1 s or more",
                "lower --connect-concurrency, or give the server a longer queue"},
    ReasonEntry{ReasonCode::kNoReply, "no-reply", "no request was due, sent, or completed in the window",
                "check protocol and server; lengthen --duration"},
    ReasonEntry{ReasonCode::kGaveUp, "gave-up", "no connection was left for the remaining --requests",
                "see `errors` for why they broke"},
    ReasonEntry{ReasonCode::kFailedRequests, "failed-requests", "requests failed or were not answered",
                "see `errors` for the kinds"},
    ReasonEntry{ReasonCode::kUnansweredTime, "unanswered-time",
                "connections waited for replies that never came, and sent nothing meanwhile",
                "see `errors`; --rate shows what the others wait for"},
    ReasonEntry{ReasonCode::kMismatch, "mismatch", "replies were wrong", "see `first_mismatch`, which has a hint"},
    ReasonEntry{ReasonCode::kUnsolicited, "unsolicited", "the server sent bytes without a request",
                "check that the protocol is the right one"},
    ReasonEntry{ReasonCode::kMissedLines, "missed-lines", "members of a chat did not receive the lines of others",
                "check that the server distributes every line"},
    ReasonEntry{ReasonCode::kFewSamples, "few-samples", "fewer than 100 replies came within the window",
                "lengthen --duration"},
    ReasonEntry{ReasonCode::kInterrupted, "interrupted", "a signal ended the window early", "run it again"},
    ReasonEntry{ReasonCode::kUnsteadyWarmup, "unsteady-warmup", "the throughput was not steady when the window opened",
                "lengthen --warmup"},
    ReasonEntry{ReasonCode::kLongReplies, "long-replies", "replies take longer than the window", "lengthen --duration"},
    ReasonEntry{ReasonCode::kSilence, "silence", "no reply came on any connection for a part of the window",
                "look for a pause of the server or the machine; --rate shows what it costs"},
    ReasonEntry{ReasonCode::kLateSends, "late-sends", "requests left later than the tolerance after their time",
                "lower --rate, give the generator more --threads, or a CPU of its own (--cpus)"},
    ReasonEntry{ReasonCode::kPreempted, "preempted",
                "requests left late because other programs or the hypervisor had the CPU of the generator",
                "stop other programs, or give the generator a CPU of its own (--cpus)"},
    ReasonEntry{ReasonCode::kBacklog, "backlog", "over 5 % of the replies had not come when the window closed",
                "lower --rate: the server cannot keep up"},
    ReasonEntry{ReasonCode::kGeneratorSaturated, "generator-saturated",
                "the generator was at its limit, so the server may be faster",
                "give the generator more --threads and CPUs"},
    ReasonEntry{ReasonCode::kNearCeiling, "near-ceiling",
                "the rate is above 80 % of what the driver reaches on this machine, so the server may be faster",
                "give the generator more --threads and CPUs"},
    ReasonEntry{ReasonCode::kLittlesLaw, "littles-law",
                "throughput times response time is not the number of requests in flight",
                "do not trust the response times; report it as a fault of fanin-load"},
};

constexpr const ReasonEntry& reason_entry(ReasonCode code) noexcept {
  return kReasonTable[static_cast<std::size_t>(code)];
}

constexpr bool is_reason_table_in_order() noexcept {
  for (std::size_t i = 0; i < kReasonTable.size(); ++i) {
    if (kReasonTable[i].code != static_cast<ReasonCode>(i)) {
      return false;
    }
  }
  return true;
}
static_assert(is_reason_table_in_order());

// Why a result is not valid.
struct Reason {
  ReasonCode code;
  std::string text;  // with the figures of this result

  std::string_view name() const noexcept { return reason_entry(code).name; }
};

}  // namespace fanin::load
