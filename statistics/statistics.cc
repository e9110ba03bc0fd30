#include "statistics/statistics.h"

#include <algorithm>
#include <bit>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>

namespace fanin::statistics {
namespace {

double sorted_median(const std::vector<double>& sorted) {
  const std::size_t n = sorted.size();
  return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

}  // namespace

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return sorted_median(values);
}

double standard_deviation(const std::vector<double>& values) {
  if (values.size() < 2) {
    return 0;
  }
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  const double squares = std::accumulate(values.begin(), values.end(), 0.0, [mean](double sum, double value) {
    return sum + (value - mean) * (value - mean);
  });
  return std::sqrt(squares / (n - 1));
}

Interval median_interval(std::vector<double> values, double level) {
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  // P(Binomial = k), by logarithms: 2^-n underflows a double beyond n = 1074.
  const auto mass = [n](std::size_t k) {
    const auto hits = static_cast<double>(k);
    return std::exp(std::lgamma(n + 1) - std::lgamma(hits + 1) - std::lgamma(n - hits + 1) - n * std::log(2.0));
  };
  double tail = mass(0);  // P(Binomial < k) for the current k
  std::size_t k = 1;
  for (; k < (values.size() + 1) / 2; ++k) {
    const double next = tail + mass(k);
    if (1 - 2 * next < level) {
      break;
    }
    tail = next;
  }
  return {values[k - 1], values[values.size() - k], std::max(0.0, 1 - 2 * tail)};
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

namespace {

// probabilities[u] of the Mann-Whitney statistic. The largest of all values is in the first sample with probability i /
// (i + j), and then exceeds all j of the second; this gives a recursion to one value less. All terms are positive, so
// nothing cancels, unlike with the coefficients of the Gaussian binomial. Takes (m n)^2 steps.
std::vector<double> mann_whitney_probabilities(int m, int n) {
  const auto size = static_cast<std::size_t>(m) * static_cast<std::size_t>(n) + 1;
  const auto columns = static_cast<std::size_t>(n) + 1;
  std::vector<std::vector<double>> row(columns, std::vector<double>(size, 0.0));  // i values against j = 0 ... n
  for (std::vector<double>& each : row) {
    each[0] = 1;
  }
  for (std::size_t i = 1; i <= static_cast<std::size_t>(m); ++i) {
    for (std::size_t j = 1; j < columns; ++j) {
      const double of_first = static_cast<double>(i) / static_cast<double>(i + j);
      for (std::size_t u = i * j + 1; u-- > 0;) {
        row[j][u] = (u >= j ? of_first * row[j][u - j] : 0) + (1 - of_first) * row[j - 1][u];
      }
    }
  }
  return row.back();
}

// probabilities[t] of the signed-rank statistic: counts of the 2^n sets of ranks with sum t, built rank by rank.
std::vector<double> signed_rank_probabilities(int n) {
  const int largest = n * (n + 1) / 2;
  std::vector<double> probabilities(static_cast<std::size_t>(largest) + 1, 0.0);
  probabilities[0] = 1;
  for (int rank = 1; rank <= n; ++rank) {
    for (int at = largest; at >= rank; --at) {
      probabilities[static_cast<std::size_t>(at)] += probabilities[static_cast<std::size_t>(at - rank)];
    }
  }
  for (double& each : probabilities) {
    each = std::ldexp(each, -n);
  }
  return probabilities;
}

double cumulative(const std::vector<double>& probabilities, int value) {
  const auto end = static_cast<std::size_t>(std::clamp(value + 1, 0, static_cast<int>(probabilities.size())));
  return std::accumulate(probabilities.begin(), probabilities.begin() + static_cast<std::ptrdiff_t>(end), 0.0);
}

// The interval between the k-th smallest and the k-th largest value, and its coverage.
struct Bound {
  std::size_t k = 0;  // 0: none
  double coverage = 0;
};

// The largest k with 1 - 2 P(statistic < k) >= level.
Bound exact_bound(const std::vector<double>& probabilities, double level) {
  Bound bound;
  double tail = 0;
  for (const double probability : probabilities) {
    tail += probability;
    if (1 - 2 * tail < level) {
      break;
    }
    bound = {bound.k + 1, 1 - 2 * tail};
  }
  return bound;
}

Bound normal_bound(double mean, double variance, double level) {
  const double z = boost::math::quantile(boost::math::normal(), (1 + level) / 2);
  return {static_cast<std::size_t>(std::max(std::floor(mean - z * std::sqrt(variance)), 1.0)), level};
}

Bound signed_rank_bound(std::size_t count, double level) {
  constexpr std::size_t kMaxExact = 50;
  if (count <= kMaxExact) {
    return exact_bound(signed_rank_probabilities(static_cast<int>(count)), level);
  }
  const auto n = static_cast<double>(count);
  return normal_bound(n * (n + 1) / 4, n * (n + 1) * (2 * n + 1) / 24, level);
}

Bound rank_sum_bound(std::size_t first, std::size_t second, double level) {
  constexpr std::size_t kMaxExact = 2500;  // pairs
  if (first * second <= kMaxExact) {
    return exact_bound(mann_whitney_probabilities(static_cast<int>(first), static_cast<int>(second)), level);
  }
  const auto m = static_cast<double>(first);
  const auto n = static_cast<double>(second);
  return normal_bound(m * n / 2, m * n * (m + n + 1) / 12, level);
}

// Maps doubles to integers in the same order; its own inverse.
std::int64_t ordinal(double value) {
  const auto bits = std::bit_cast<std::int64_t>(value);
  return bits >= 0 ? bits : std::numeric_limits<std::int64_t>::min() - bits;
}

double to_double(std::int64_t ordinal) {
  return std::bit_cast<double>(ordinal >= 0 ? ordinal : std::numeric_limits<std::int64_t>::min() - ordinal);
}

// The k-th smallest (from 1) of values from `low` to `high`; `count_up_to` returns the number of values up to its
// argument, so the values of all pairs need not be stored and sorted. At most 64 steps.
template <typename CountUpTo>
double kth_smallest(std::size_t k, double low, double high, const CountUpTo& count_up_to) {
  std::int64_t from = ordinal(low);
  std::int64_t to = ordinal(high);
  while (from < to) {
    const std::int64_t middle = std::midpoint(from, to);  // rounds towards `from`
    if (count_up_to(to_double(middle)) >= k) {
      to = middle;
    } else {
      from = middle + 1;
    }
  }
  return to_double(from);
}

// The median of `count` values and the interval of `bound`, by rank.
template <typename AtRank>
Shift estimate_shift(std::size_t count, const Bound& bound, const AtRank& at_rank) {
  const double middle = at_rank((count + 1) / 2);
  Shift shift{count % 2 == 1 ? middle : (middle + at_rank(count / 2 + 1)) / 2, std::nullopt};
  if (bound.k > 0) {
    shift.interval = Interval{at_rank(bound.k), at_rank(count + 1 - bound.k), bound.coverage};
  }
  return shift;
}

}  // namespace

double mann_whitney_probability(int m, int n, int u) { return cumulative(mann_whitney_probabilities(m, n), u); }

double signed_rank_probability(int n, int t) { return cumulative(signed_rank_probabilities(n), t); }

Shift signed_rank_shift(const std::vector<double>& differences, double level) {
  std::vector<double> sorted = differences;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t n = sorted.size();
  // Pairs i <= j whose mean is at most `value`: as i rises, j falls.
  const auto count_up_to = [&](double value) {
    std::size_t count = 0;
    std::size_t end = n;
    for (std::size_t i = 0; i < n; ++i) {
      while (end > i && (sorted[i] + sorted[end - 1]) / 2 > value) {
        --end;
      }
      count += end > i ? end - i : 0;
    }
    return count;
  };
  return estimate_shift(n * (n + 1) / 2, signed_rank_bound(n, level),
                        [&](std::size_t k) { return kth_smallest(k, sorted.front(), sorted.back(), count_up_to); });
}

Shift rank_sum_shift(const std::vector<double>& first, const std::vector<double>& second, double level) {
  std::vector<double> x = first;
  std::vector<double> y = second;
  std::sort(x.begin(), x.end());
  std::sort(y.begin(), y.end());
  // Pairs whose difference is at most `value`: as y rises, the smallest matching x rises too.
  const auto count_up_to = [&](double value) {
    std::size_t count = 0;
    std::size_t begin = 0;
    for (const double each : y) {
      while (begin < x.size() && each - x[begin] > value) {
        ++begin;
      }
      count += x.size() - begin;
    }
    return count;
  };
  return estimate_shift(x.size() * y.size(), rank_sum_bound(x.size(), y.size(), level), [&](std::size_t k) {
    return kth_smallest(k, y.front() - x.back(), y.back() - x.front(), count_up_to);
  });
}

}  // namespace fanin::statistics
