#pragma once

#include <optional>
#include <vector>

#include "harness/claims/case_run.h"
#include "statistics/statistics.h"

namespace fanin::harness {

// How the values of each side grow with x of the cases, in the metric's unit for each unit of x.
struct TestSlopes {
  std::optional<statistics::Shift> base;
  std::optional<statistics::Shift> now;
};

// Theil-Sen slopes over the units of all cases. Nothing if fewer than three cases have an x and values, or if their
// metrics differ. Pure.
std::optional<TestSlopes> fit_slopes(const std::vector<CaseRun>& cases);

}  // namespace fanin::harness
