#include "loadgen/runs/change_point.h"

#include <algorithm>
#include <cmath>

namespace fanin::load {

double pettitt_p(std::span<const double> series) {
  // U_t = U_(t-1) + the sum over all j of sgn(x_t - x_j): pairs within the first t values cancel.
  std::int64_t u = 0;
  std::int64_t k = 0;
  for (const double value : series) {
    for (const double other : series) {
      u += (value > other ? 1 : 0) - (value < other ? 1 : 0);
    }
    k = std::max(k, std::abs(u));
  }
  const auto n = static_cast<double>(series.size());
  const auto largest = static_cast<double>(k);
  return n < 2 ? 1.0 : std::min(1.0, 2 * std::exp(-6 * largest * largest / (n * n * n + n * n)));
}

bool WarmupWatch::add(std::uint64_t completed) {
  if (series_.size() == kIntervals) {
    series_.erase(series_.begin());
  }
  series_.push_back(static_cast<double>(completed - last_));
  last_ = completed;
  const bool silent = std::all_of(series_.begin(), series_.end(), [](double count) { return count == 0; });
  return series_.size() == kIntervals && !silent && pettitt_p(series_) >= kSignificant;
}

}  // namespace fanin::load
