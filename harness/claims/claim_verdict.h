#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/claims/claim.h"
#include "statistics/statistics.h"

namespace fanin::harness {

// Of a case, a test and a claim. Only tests and claims are contested.
enum class ClaimVerdict { kConfirmed, kRefuted, kContested, kUndecided, kUnsupported, kInvalid };
inline constexpr ClaimVerdict kClaimVerdicts[] = {ClaimVerdict::kConfirmed,   ClaimVerdict::kRefuted,
                                                  ClaimVerdict::kContested,   ClaimVerdict::kUndecided,
                                                  ClaimVerdict::kUnsupported, ClaimVerdict::kInvalid};
std::string_view claim_verdict_name(ClaimVerdict verdict);

// Compares an interval of the ratio (or value) with the threshold: wholly on the claimed side is confirmed, wholly on
// the other is refuted. The threshold itself is on the claimed side. No interval: undecided.
ClaimVerdict judge_interval(const std::optional<statistics::Interval>& interval, const Threshold& threshold);

// Whether the control, log ratios of two copies of base, lies wholly beyond the bias that a case bears. Its ratio bears
// 5 %, or half the width of its interval if that is more; its verdict, unless undecided, half the distance of the ratio
// from the threshold.
bool control_fails(const std::optional<statistics::Interval>& log_control, const statistics::Shift& log_ratio,
                   ClaimVerdict verdict, const Threshold& threshold);

// A verdict with the name of what it is of.
struct NamedVerdict {
  std::string name;
  ClaimVerdict verdict = ClaimVerdict::kUndecided;
  std::string reason;  // of an invalid or unsupported one; may be empty
};

// What several cases say together: contested if at least one confirms and one refutes; else invalid,
// undecided, or what all say. Unsupported ones do not count unless all are. `parts` must not be empty.
ClaimVerdict combine(const std::vector<NamedVerdict>& parts);

// One sentence that names the parts which the verdict rests on: "confirmed by poll-grows; refuted by epoll-stays".
// `noun`: "case" or "test".
std::string explain(const std::vector<NamedVerdict>& parts, std::string_view noun);

}  // namespace fanin::harness
