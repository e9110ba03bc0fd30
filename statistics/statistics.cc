#include "statistics/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

namespace fanin {
namespace {

double sorted_median(const std::vector<double>& sorted) {
  const std::size_t n = sorted.size();
  return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

// By Newton's method on std::erf; 0 <= y < 1.
double inverse_erf(double y) {
  double x = 0;
  for (int i = 0; i < 60; ++i) {
    x -= (std::erf(x) - y) / (2 / std::sqrt(std::acos(-1.0)) * std::exp(-x * x));
  }
  return x;
}

}  // namespace

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return sorted_median(values);
}

Interval median_interval(std::vector<double> values, double level) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  // tail = P(Binomial(n, 1/2) < k) for the k in hand, mass = P(Binomial = k).
  double mass = std::pow(0.5, static_cast<double>(n));
  double tail = mass;
  std::size_t k = 1;
  for (; k < (n + 1) / 2; ++k) {
    mass *= static_cast<double>(n - k + 1) / static_cast<double>(k);
    if (1 - 2 * (tail + mass) < level) {
      break;
    }
    tail += mass;
  }
  return {values[k - 1], values[n - k], std::max(0.0, 1 - 2 * tail)};
}

std::optional<double> least_squares_slope(const std::vector<Point>& points) {
  double x_sum = 0;
  double y_sum = 0;
  for (const Point& point : points) {
    x_sum += point.x;
    y_sum += point.y;
  }
  const auto n = static_cast<double>(points.size());
  double products = 0;
  double squares = 0;
  for (const Point& point : points) {
    const double x = point.x - x_sum / n;
    products += x * (point.y - y_sum / n);
    squares += x * x;
  }
  return squares > 0 ? std::optional(products / squares) : std::nullopt;
}

// counts[u] is the number of the C(m+n, m) arrangements whose statistic is u, built one value of the first sample at a
// time: it multiplies by (1 - q^(n+i)) / (1 - q^i), the factors of the Gaussian binomial coefficient.
double mann_whitney_probability(int m, int n, int u) {
  if (u < 0) {
    return 0;
  }
  const int largest = m * n;
  std::vector<double> counts(static_cast<std::size_t>(largest) + 1, 0.0);
  counts[0] = 1;
  for (int i = 1; i <= m; ++i) {
    for (int at = largest; at >= n + i; --at) {
      counts[static_cast<std::size_t>(at)] -= counts[static_cast<std::size_t>(at - n - i)];
    }
    for (int at = i; at <= largest; ++at) {
      counts[static_cast<std::size_t>(at)] += counts[static_cast<std::size_t>(at - i)];
    }
  }
  double below = 0;
  double all = 0;
  for (int at = 0; at <= largest; ++at) {
    all += counts[static_cast<std::size_t>(at)];
    below += at <= u ? counts[static_cast<std::size_t>(at)] : 0.0;
  }
  return below / all;
}

// counts[t] is the number of the 2^n sets of ranks whose sum is t, built rank by rank.
double signed_rank_probability(int n, int t) {
  const int largest = n * (n + 1) / 2;
  std::vector<double> counts(static_cast<std::size_t>(largest) + 1, 0.0);
  counts[0] = 1;
  for (int rank = 1; rank <= n; ++rank) {
    for (int at = largest; at >= rank; --at) {
      counts[static_cast<std::size_t>(at)] += counts[static_cast<std::size_t>(at - rank)];
    }
  }
  double below = 0;
  for (int at = 0; at <= std::min(t, largest); ++at) {
    below += counts[static_cast<std::size_t>(at)];
  }
  return std::ldexp(below, -n);
}

namespace {

// The largest k for which the interval of the k-th smallest and largest Walsh average covers `level`, and that
// coverage: 1 - 2 P(T < k).
std::pair<std::size_t, double> signed_rank_bound(int n, double level) {
  constexpr int kMostExact = 50;
  if (n > kMostExact) {
    const double mean = n * (n + 1.0) / 4;
    const double deviation = std::sqrt(n * (n + 1.0) * (2.0 * n + 1) / 24);
    const double z = std::sqrt(2.0) * inverse_erf(level);
    const double k = std::floor(mean - z * deviation);
    return {static_cast<std::size_t>(std::max(k, 1.0)), level};
  }
  int k = 0;
  double coverage = 0;
  for (double next = 1 - 2 * signed_rank_probability(n, 0); next >= level;
       next = 1 - 2 * signed_rank_probability(n, k)) {
    coverage = next;
    ++k;
  }
  return {static_cast<std::size_t>(k), coverage};
}

}  // namespace

Shift signed_rank_shift(const std::vector<double>& differences, double level) {
  std::vector<double> averages;
  averages.reserve(differences.size() * (differences.size() + 1) / 2);
  for (std::size_t i = 0; i < differences.size(); ++i) {
    for (std::size_t j = i; j < differences.size(); ++j) {
      averages.push_back((differences[i] + differences[j]) / 2);
    }
  }
  std::sort(averages.begin(), averages.end());
  Shift shift{sorted_median(averages), std::nullopt};
  const auto [k, coverage] = signed_rank_bound(static_cast<int>(differences.size()), level);
  if (k > 0) {
    shift.interval = Interval{averages[k - 1], averages[averages.size() - k], coverage};
  }
  return shift;
}

Shift rank_sum_shift(const std::vector<double>& first, const std::vector<double>& second, double level) {
  std::vector<double> differences;
  differences.reserve(first.size() * second.size());
  for (const double x : first) {
    for (const double y : second) {
      differences.push_back(y - x);
    }
  }
  std::sort(differences.begin(), differences.end());
  Shift shift{sorted_median(differences), std::nullopt};
  const int m = static_cast<int>(first.size());
  const int n = static_cast<int>(second.size());
  // The interval [d(k), d(mn+1-k)] covers with 1 - 2 P(U <= k-1).
  int k = 0;
  double coverage = 0;
  while (2 * k < m * n) {
    const double next = 1 - 2 * mann_whitney_probability(m, n, k);
    if (next < level) {
      break;
    }
    coverage = next;
    ++k;
  }
  if (k > 0) {
    const auto rank = static_cast<std::size_t>(k);
    shift.interval = Interval{differences[rank - 1], differences[differences.size() - rank], coverage};
  }
  return shift;
}

}  // namespace fanin
