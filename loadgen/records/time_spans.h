#pragma once

#include <vector>

#include "net/clock.h"

namespace fanin::load {

struct TimeSpan {
  TimePoint begin;
  TimePoint end;
  bool operator==(const TimeSpan&) const = default;
};

// Ascending; none overlaps another.
using TimeSpans = std::vector<TimeSpan>;

// The intersection.
TimeSpans intersection(const TimeSpans& first, const TimeSpans& second);
// The union; adjacent spans are merged.
TimeSpans join(const TimeSpans& first, const TimeSpans& second);

Nanoseconds total_length(const TimeSpans& spans) noexcept;

}  // namespace fanin::load
