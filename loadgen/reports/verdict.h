#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/reports/reasons.h"
#include "loadgen/reports/result.h"

namespace fanin::load {

// Stretches of the window without any reply that are longer than the replies explain.
struct Silence {
  Nanoseconds threshold{0};
  std::uint64_t count = 0;
  Nanoseconds total{0};
  Nanoseconds longest{0};
};

enum class Bottleneck { kGenerator, kServer, kRateBound, kLatencyBound, kUnknown };
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

// Share of a CPU from which generator or server count as saturated.
inline constexpr double kSaturated = 0.90;

}  // namespace fanin::load
