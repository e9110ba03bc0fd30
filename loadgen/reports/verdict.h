#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/reports/result.h"

namespace fanin::load {

// The code of a reason. docs/methodology.md lists them, and JSON has their names: they are stable.
enum class ReasonCode {
  kUnreachable,
  kMissingConnections,
  kUnservedConnections,
  kLostIdle,
  kFailedAborts,
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
  kBusyMachine,
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
    ReasonEntry{ReasonCode::kUnservedConnections, "unserved-connections",
                "some connections never had a reply, or idle ones were never accepted",
                "use as many connections as the server serves at once"},
    ReasonEntry{ReasonCode::kLostIdle, "lost-idle", "the server closed idle connections",
                "raise the idle timeout of the server"},
    ReasonEntry{ReasonCode::kFailedAborts, "failed-aborts",
                "connections of --aborts could not connect, or the server closed them before they reset",
                "lower --aborts, or raise the limits of the server"},
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
    ReasonEntry{ReasonCode::kLongReplies, "long-replies", "replies take longer than the window, or than half a slice",
                "lengthen --duration, or --interleave"},
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
    ReasonEntry{ReasonCode::kBusyMachine, "busy-machine",
                "other programs or the hypervisor used the CPUs before or during the run",
                "stop other programs, and run it again"},
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

// Stretches of the window without any reply that are longer than the replies explain.
struct Silence {
  Nanoseconds threshold{0};
  std::uint64_t count = 0;
  Nanoseconds total{0};
  Nanoseconds longest{0};
};

enum class Bottleneck { kGenerator, kServer, kRateBound, kLatencyBound, kBusyMachine, kUnknown };
enum class Status { kValid, kWarning, kInvalid };

std::string_view bottleneck_name(Bottleneck bottleneck) noexcept;
std::string_view status_name(Status status) noexcept;

// Whether a result can be trusted, and its bottleneck.
struct Verdict {
  Status status = Status::kValid;
  std::vector<Reason> reasons;  // at least one unless valid; those that invalidate come first

  Bottleneck bottleneck = Bottleneck::kUnknown;
  std::string bottleneck_reason;  // its figures
  double generator_utilisation =
      0;  // of a CPU by its busiest thread, or of all its CPUs by all threads if that is more

  std::optional<double> ceiling_share;           // of what the driver reaches here, with --calibration
  std::optional<double> littles_law_ratio;       // closed loop whose requests are in flight all the time
  std::string littles_law_reason;                // why there is no ratio; empty: there is one
  std::optional<Silence> silence;                // nullopt: too few replies for a threshold
  bool late = false;                             // the schedule was not kept, so the result is invalid
  std::optional<double> within_tolerance_share;  // open loop: of the sends, if there were any
  std::optional<double> achieved_rate_per_s;     // open loop
};

// Applies the rules of docs/methodology.md. Pure.
Verdict decide_verdict(const LoadPlan& plan, const LoadResult& result);

// A result is invalid if a larger share of requests fails.
inline constexpr double kFailedInvalid = 0.05;

// The shortest window in which CPU time is known well enough. An idle event loop reads its CPU time up to a tick after
// a border of the window, and the kernel reports that of ended processes, and idle time, in ticks as long. A tick must
// be no larger share of the window than kSaturated leaves.
inline constexpr Nanoseconds kShortestForCpu = 10 * kTick;

// The CPU time that others took from a run, as shares of the time that it had.
struct CpuContention {
  std::optional<double> generator = {};   // the thread that waited most was runnable without a CPU while others ran;
                                          // nullopt: its threads are more than the CPUs and wait for each other
  std::optional<double> server = {};      // the same of its busiest thread; nullopt: unknown, see usage_between()
  double steal = 0;                       // of all CPU time, by the hypervisor
  std::optional<double> other_cpus = {};  // that programs other than generator and server used; nullopt: unknown

  double most() const noexcept { return std::max({generator.value_or(0), server.value_or(0), steal}); }
  std::string text() const;  // the figures in words
};

// From this share of contention on a result has a warning.
inline constexpr double kContended = 0.10;

// None in a window that is too short to tell, see kShortestForCpu. Pure.
CpuContention find_contention(const LoadPlan& plan, const LoadResult& result);

// Share of a CPU from which generator or server count as saturated.
inline constexpr double kSaturated = 0.90;

// Adds reasons to a verdict. Reasons that invalidate come first, so that the first reason explains the status.
class Reasons {
 public:
  explicit Reasons(Verdict& verdict) : verdict_(verdict) {}
  void warn(ReasonCode code, std::string_view text) { add(Status::kWarning, code, text); }
  void invalidate(ReasonCode code, std::string_view text) { add(Status::kInvalid, code, text); }
  void add(Status status, ReasonCode code, std::string_view text);

 private:
  Verdict& verdict_;
  std::size_t invalid_ = 0;
};

// The checks that decide_verdict() makes. Pure.

// Requests and connections: failures, wrong replies, missing connections.
void check_outcomes(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);
void check_connections(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);
void check_closes(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);

// The machine: other programs before and during the run.
void check_machine(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);

// Time: the window, connections that were down, missing replies.
void check_length(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);
void check_downtime(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);
void check_unanswered_time(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);
void check_silence(const LoadPlan& plan, const LoadResult& result, Verdict& verdict, Reasons& reasons);
void check_littles_law(const LoadPlan& plan, const LoadResult& result, Verdict& verdict, Reasons& reasons);

}  // namespace fanin::load
