#pragma once

#include <optional>
#include <string>
#include <vector>

#include "loadgen/reports/notes.h"
#include "loadgen/reports/result.h"

namespace fanin::load {

// Stretches of the window without any reply that are longer than the replies explain.
struct Silence {
  Nanoseconds threshold{0};
  std::uint64_t count = 0;
  Nanoseconds total{0};
  Nanoseconds longest{0};
};

// How far a result can be trusted, and what held it back.
struct Verdict {
  Status status = Status::kValid;
  std::vector<std::string> reasons;  // at least one unless valid
  std::vector<const Note*> notes;    // what each of them is about

  Bottleneck bottleneck = Bottleneck::kUnknown;
  std::string bottleneck_reason;  // the figures that it rests on
  double generator_utilisation =
      0;  // of a CPU by its busiest thread, or of all its CPUs by all threads if that is more

  std::optional<double> ceiling_share;           // of what the driver reaches here, with --calibration
  std::optional<double> littles_law_ratio;       // closed loop whose requests are in flight all the time
  std::string littles_law_reason;                // why there is none; empty: there is one
  std::optional<Silence> silence;                // none: too few replies to tell what is usual
  bool late = false;                             // the schedule was not kept, so that the result is invalid
  std::optional<double> within_tolerance_share;  // open loop: of the sends, if there were any
  std::optional<double> achieved_rate_per_s;     // open loop
};

// Judges by the rules of docs/methodology.md. Pure.
Verdict decide_verdict(const LoadPlan& plan, const LoadResult& result);

// Of the requests: where more of them fail, a result is invalid.
inline constexpr double kFailedInvalid = 0.05;

// Of a CPU: whoever uses so much is at its limit.
inline constexpr double kSaturated = 0.90;

std::string_view status_name(Status status) noexcept;

}  // namespace fanin::load
