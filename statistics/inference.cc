#include "statistics/inference.h"

#include <algorithm>
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace fanin::statistics {
namespace {

// Numbers of equal values in a row.
std::vector<double> tie_sizes(const std::vector<double>& sorted) {
  std::vector<double> sizes;
  for (std::size_t i = 0; i < sorted.size();) {
    const auto end = std::upper_bound(sorted.begin() + static_cast<std::ptrdiff_t>(i), sorted.end(), sorted[i]);
    const auto next = static_cast<std::size_t>(end - sorted.begin());
    sizes.push_back(static_cast<double>(next - i));
    i = next;
  }
  return sizes;
}

// Twice the rank of each value of a sorted sample, ties averaged: an integer.
std::vector<std::size_t> doubled_ranks(const std::vector<double>& sorted) {
  std::vector<std::size_t> ranks;
  for (const double size : tie_sizes(sorted)) {
    const std::size_t first = ranks.size() + 1;
    const std::size_t last = ranks.size() + static_cast<std::size_t>(size);
    ranks.insert(ranks.end(), static_cast<std::size_t>(size), first + last);
  }
  return ranks;
}

// P(sum of a random subset of `ranks` <= `at`): each rank is in it with probability 1/2.
double subset_sum_probability(const std::vector<std::size_t>& ranks, std::size_t at) {
  const std::size_t total = std::accumulate(ranks.begin(), ranks.end(), std::size_t{0});
  std::vector<double> probability(total + 1, 0.0);
  probability[0] = 1;
  for (const std::size_t rank : ranks) {
    for (std::size_t sum = total + 1; sum-- > 0;) {
      probability[sum] = (probability[sum] + (sum >= rank ? probability[sum - rank] : 0)) / 2;
    }
  }
  return std::accumulate(probability.begin(), probability.begin() + static_cast<std::ptrdiff_t>(at + 1), 0.0);
}

double standard_normal_tail(double z) { return boost::math::cdf(boost::math::complement(boost::math::normal(), z)); }

}  // namespace

double signed_rank_p(const std::vector<double>& differences) {
  constexpr std::size_t kMaxExact = 50;
  std::vector<double> kept;
  std::copy_if(differences.begin(), differences.end(), std::back_inserter(kept), [](double each) { return each != 0; });
  std::sort(kept.begin(), kept.end(), [](double a, double b) { return std::abs(a) < std::abs(b); });
  std::vector<double> sizes(kept.size());
  std::transform(kept.begin(), kept.end(), sizes.begin(), [](double each) { return std::abs(each); });
  const std::vector<std::size_t> ranks = doubled_ranks(sizes);
  std::size_t positive = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    positive += kept[i] > 0 ? ranks[i] : 0;
  }
  const std::size_t total = std::accumulate(ranks.begin(), ranks.end(), std::size_t{0});
  const std::size_t smaller = std::min(positive, total - positive);
  if (kept.size() <= kMaxExact) {
    return std::min(1.0, 2 * subset_sum_probability(ranks, smaller));
  }
  double squares = 0;  // of the ranks
  for (const std::size_t rank : ranks) {
    squares += static_cast<double>(rank * rank) / 4;
  }
  const double distance = static_cast<double>(total) / 4 - static_cast<double>(smaller) / 2;
  return std::min(1.0, 2 * standard_normal_tail(distance / std::sqrt(squares / 4)));
}

namespace {

// counts[sum] of the subsets of `size` among `ranks`.
std::vector<double> count_subsets(const std::vector<std::size_t>& ranks, std::size_t size) {
  const std::size_t total = std::accumulate(ranks.begin(), ranks.end(), std::size_t{0});
  std::vector<std::vector<double>> counts(size + 1, std::vector<double>(total + 1, 0.0));
  counts[0][0] = 1;
  for (const std::size_t rank : ranks) {
    for (std::size_t chosen = size; chosen > 0; --chosen) {
      for (std::size_t sum = total + 1; sum-- > rank;) {
        counts[chosen][sum] += counts[chosen - 1][sum - rank];
      }
    }
  }
  return counts[size];
}

// P(|W - E W| >= distance), all doubled, of the sum W of `size` of the ranks, each subset equally likely.
double exact_rank_sum_p(const std::vector<std::size_t>& ranks, std::size_t size, double distance) {
  const std::vector<double> counts = count_subsets(ranks, size);
  const double mean = static_cast<double>(size * (ranks.size() + 1));
  double tail = 0;
  for (std::size_t sum = 0; sum < counts.size(); ++sum) {
    tail += std::abs(static_cast<double>(sum) - mean) >= distance ? counts[sum] : 0;
  }
  return std::min(1.0, tail / std::accumulate(counts.begin(), counts.end(), 0.0));
}

}  // namespace

double rank_sum_p(const std::vector<double>& first, const std::vector<double>& second) {
  constexpr std::size_t kMaxExact = 2500;  // pairs
  if (first.empty() || second.empty()) {
    return 1;
  }
  std::vector<double> pooled = first;
  pooled.insert(pooled.end(), second.begin(), second.end());
  std::sort(pooled.begin(), pooled.end());
  const std::vector<std::size_t> ranks = doubled_ranks(pooled);
  double sum = 0;  // of the doubled ranks of the first sample
  for (const double value : first) {
    const auto at = std::lower_bound(pooled.begin(), pooled.end(), value) - pooled.begin();
    sum += static_cast<double>(ranks[static_cast<std::size_t>(at)]);
  }
  const auto m = static_cast<double>(first.size());
  const auto n = static_cast<double>(pooled.size());
  const double distance = std::abs(sum - m * (n + 1));
  if (first.size() * second.size() <= kMaxExact) {
    return exact_rank_sum_p(ranks, first.size(), distance);
  }
  double ties = 0;
  for (const double size : tie_sizes(pooled)) {
    ties += size * (size * size - 1);
  }
  const double variance = m * (n - m) / 12 * (n + 1 - ties / (n * (n - 1)));
  return variance > 0 ? std::min(1.0, 2 * standard_normal_tail(distance / 2 / std::sqrt(variance))) : 1;
}

ShiftTest test_drifting_shift(const std::vector<double>& first, const std::vector<double>& second, double variance,
                              double level) {
  using boost::math::students_t;
  constexpr double kMaxDegrees = 1e9;  // the normal distribution
  ShiftTest test{rank_sum_shift(first, second, level), 1};
  if (!test.shift.interval) {
    return test;
  }
  Interval& interval = *test.shift.interval;
  const double degrees = static_cast<double>(first.size() + second.size()) - 2;
  const double within =
      (interval.high - interval.low) / 2 / boost::math::quantile(students_t(degrees), (1 + interval.coverage) / 2);
  const double error = std::hypot(within, std::sqrt(variance));
  if (error == 0) {
    test.p = test.shift.estimate == 0 ? 1 : 0;
    return test;
  }
  const students_t distribution(std::min(degrees * std::pow(error / within, 4), kMaxDegrees));
  const double half_width = boost::math::quantile(distribution, (1 + level) / 2) * error;
  interval.low = std::min(interval.low, test.shift.estimate - half_width);
  interval.high = std::max(interval.high, test.shift.estimate + half_width);
  const double distance = std::abs(test.shift.estimate) / error;
  test.p = 2 * boost::math::cdf(boost::math::complement(distribution, distance));
  return test;
}

std::vector<double> benjamini_hochberg(const std::vector<double>& p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&p](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> adjusted(p.size());
  double least = 1;
  for (std::size_t rank = order.size(); rank > 0; --rank) {
    const std::size_t at = order[rank - 1];
    least = std::min(least, p[at] * static_cast<double>(p.size()) / static_cast<double>(rank));
    adjusted[at] = least;
  }
  return adjusted;
}

double clopper_pearson_upper(std::int64_t successes, std::int64_t trials, double level) {
  if (successes >= trials) {
    return 1;
  }
  const auto k = static_cast<double>(successes);
  return boost::math::quantile(boost::math::beta_distribution(k + 1, static_cast<double>(trials) - k), level);
}

Interval clopper_pearson(std::int64_t successes, std::int64_t trials, double level) {
  const double one_sided = (1 + level) / 2;
  return {1 - clopper_pearson_upper(trials - successes, trials, one_sided),
          clopper_pearson_upper(successes, trials, one_sided), level};
}

namespace {

// probabilities[i] of i discordant pairs among n points: inserting the next point makes 0 to n - 1 of them, each
// equally likely.
std::vector<double> discordance_probabilities(int n) {
  std::vector<double> probabilities{1};
  for (int points = 2; points <= n; ++points) {
    std::vector<double> next(probabilities.size() + static_cast<std::size_t>(points) - 1, 0.0);
    for (std::size_t i = 0; i < probabilities.size(); ++i) {
      for (std::size_t added = 0; added < static_cast<std::size_t>(points); ++added) {
        next[i + added] += probabilities[i] / points;
      }
    }
    probabilities = std::move(next);
  }
  return probabilities;
}

double kendall_standard_deviation(std::vector<double> x, std::vector<double> y) {
  const auto variance_of = [](double n) { return n * (n - 1) * (2 * n + 5); };
  std::sort(x.begin(), x.end());
  std::sort(y.begin(), y.end());
  double variance = variance_of(static_cast<double>(x.size()));
  for (const std::vector<double>* each : {&x, &y}) {
    for (const double size : tie_sizes(*each)) {
      variance -= variance_of(size);
    }
  }
  return std::sqrt(std::max(variance, 0.0) / 18);
}

bool has_ties(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return std::adjacent_find(values.begin(), values.end()) != values.end();
}

// The interval of a slope reaches from the rank-th smallest to the rank-th largest slope; rank 0: no interval.
struct SlopeBound {
  std::size_t rank = 0;
  double coverage = 0;
};

SlopeBound slope_bound(const std::vector<double>& x, const std::vector<double>& y, std::size_t slopes, double level) {
  constexpr std::size_t kMaxExact = 30;
  if (x.size() <= kMaxExact && !has_ties(x) && !has_ties(y)) {
    const std::vector<double> discordant = discordance_probabilities(static_cast<int>(x.size()));
    SlopeBound bound;
    for (double tail = discordant[0]; 1 - 2 * tail >= level; tail += discordant[bound.rank]) {
      bound = {bound.rank + 1, 1 - 2 * tail};
    }
    return bound;
  }
  const double z = boost::math::quantile(boost::math::normal(), (1 + level) / 2);
  const double rank = std::floor((static_cast<double>(slopes) - z * kendall_standard_deviation(x, y)) / 2);
  return rank >= 1 ? SlopeBound{static_cast<std::size_t>(rank), level} : SlopeBound{};
}

}  // namespace

double kendall_probability(int n, int k) {
  const std::vector<double> discordant = discordance_probabilities(n);
  const int pairs = n * (n - 1) / 2;
  double sum = 0;
  for (int each = 0; each <= pairs; ++each) {
    sum += pairs - 2 * each <= k ? discordant[static_cast<std::size_t>(each)] : 0;
  }
  return sum;
}

std::optional<Shift> theil_sen(const std::vector<Point>& points, double level) {
  std::vector<double> x;
  std::vector<double> y;
  std::vector<double> slopes;
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (points[i].x != points[j].x) {
        slopes.push_back((points[i].y - points[j].y) / (points[i].x - points[j].x));
      }
    }
    x.push_back(points[i].x);
    y.push_back(points[i].y);
  }
  if (slopes.empty()) {
    return std::nullopt;
  }
  std::sort(slopes.begin(), slopes.end());
  Shift result{median(slopes), std::nullopt};
  if (const SlopeBound bound = slope_bound(x, y, slopes.size(), level); bound.rank > 0) {
    result.interval = Interval{slopes[bound.rank - 1], slopes[slopes.size() - bound.rank], bound.coverage};
  }
  return result;
}

Shift hierarchical_shift(const std::vector<std::vector<double>>& units, double level) {
  std::vector<double> estimates;
  std::vector<double> pooled;
  for (const std::vector<double>& unit : units) {
    estimates.push_back(signed_rank_shift(unit, level).estimate);
    pooled.insert(pooled.end(), unit.begin(), unit.end());
  }
  Shift between = signed_rank_shift(estimates, level);
  const Shift within = signed_rank_shift(pooled, level);
  if (between.interval && within.interval &&
      within.interval->high - within.interval->low > between.interval->high - between.interval->low) {
    between.interval = within.interval;
  }
  return between;
}

std::optional<double> jain_index(const std::vector<double>& values) {
  double sum = 0;
  double squares = 0;
  for (const double value : values) {
    sum += value;
    squares += value * value;
  }
  return squares > 0 ? std::optional(sum * sum / (static_cast<double>(values.size()) * squares)) : std::nullopt;
}

}  // namespace fanin::statistics
