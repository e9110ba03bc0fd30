#include "loadgen/records/lost_time.h"

#include <algorithm>
#include <iterator>

namespace fanin::load {

TimeSpans intersection(const TimeSpans& first, const TimeSpans& second) {
  TimeSpans both;
  for (auto a = first.begin(), b = second.begin(); a != first.end() && b != second.end();) {
    const TimeSpan common{std::max(a->begin, b->begin), std::min(a->end, b->end)};
    if (common.begin < common.end) {
      both.push_back(common);
    }
    if (a->end < b->end) {
      ++a;
    } else {
      ++b;
    }
  }
  return both;
}

TimeSpans join(const TimeSpans& first, const TimeSpans& second) {
  TimeSpans all;
  std::merge(first.begin(), first.end(), second.begin(), second.end(), std::back_inserter(all),
             [](const TimeSpan& a, const TimeSpan& b) { return a.begin < b.begin; });
  TimeSpans joined;
  for (const TimeSpan& span : all) {
    if (!joined.empty() && span.begin <= joined.back().end) {
      joined.back().end = std::max(joined.back().end, span.end);
    } else {
      joined.push_back(span);
    }
  }
  return joined;
}

Nanoseconds total_length(const TimeSpans& spans) noexcept {
  Nanoseconds total{0};
  for (const TimeSpan& span : spans) {
    total += span.end - span.begin;
  }
  return total;
}

}  // namespace fanin::load
