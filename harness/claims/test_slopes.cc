#include "harness/claims/test_slopes.h"

#include <set>

#include "statistics/inference.h"

namespace fanin::harness {
namespace {

void append(std::vector<statistics::Point>& points, double x, const std::vector<double>& values) {
  for (const double value : values) {
    points.push_back({x, value});
  }
}

}  // namespace

std::optional<TestSlopes> fit_slopes(const std::vector<CaseRun>& cases) {
  constexpr std::size_t kFewest = 3;
  std::vector<statistics::Point> base;
  std::vector<statistics::Point> now;
  std::set<double> values;  // of x
  for (const CaseRun& run : cases) {
    if (run.spec().metric != cases.front().spec().metric) {
      return std::nullopt;
    }
    if (run.spec().x && !run.track().now().empty()) {
      values.insert(*run.spec().x);
      append(base, *run.spec().x, run.track().base());
      append(now, *run.spec().x, run.track().now());
    }
  }
  if (values.size() < kFewest) {
    return std::nullopt;
  }
  return TestSlopes{statistics::theil_sen(base, statistics::kConfidenceLevel),
                    statistics::theil_sen(now, statistics::kConfidenceLevel)};
}

}  // namespace fanin::harness
