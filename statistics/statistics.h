#pragma once

#include <optional>
#include <vector>

namespace fanin::statistics {

// The confidence level of every interval that is shown.
inline constexpr double kConfidenceLevel = 0.95;

// The middle value, or the mean of the two middle ones. `values` must not be empty.
double median(std::vector<double> values);

// The sample standard deviation, with n - 1. 0 for fewer than two values.
double standard_deviation(const std::vector<double>& values);

struct Interval {
  double low = 0;
  double high = 0;
  double coverage = 0;  // the attained level, since order statistics come in steps
};

// The distribution-free interval of the median: [x(k), x(n+1-k)] with the largest k whose coverage 1 - 2 P(Binomial(n,
// 1/2) < k) reaches `level`; if none does, the widest one (k = 1) with its coverage. `values` must not be empty.
// (Hollander and Wolfe, Nonparametric Statistical Methods, 3.6.)
Interval median_interval(std::vector<double> values, double level);

// One round of a sweep: the swept value and the measured one.
struct Point {
  double x = 0;
  double y = 0;
};

// The slope of the least-squares line through the points. Empty without two different x.
std::optional<double> least_squares_slope(const std::vector<Point>& points);

// The shift from `first` to `second`: the Hodges-Lehmann estimate, i.e. the median of all differences second - first,
// with the interval that inverts the rank-sum (Mann-Whitney) test: exact up to 2,500 pairs (50 values each), by the
// normal approximation beyond. No interval if the samples are too small for `level`. Ties make it conservative. Takes n
// log n steps, as signed_rank_shift() does.
struct Shift {
  double estimate = 0;
  std::optional<Interval> interval;
};

// Neither sample may be empty. (Hodges and Lehmann 1963; Hollander and Wolfe, 4.2 and 4.3.)
Shift rank_sum_shift(const std::vector<double>& first, const std::vector<double>& second, double level);

// The shift of paired samples: the Hodges-Lehmann estimate of their differences, i.e. the median of the means of all
// pairs of differences (each with itself included), with the interval that inverts the signed-rank (Wilcoxon) test:
// exact up to 50 differences, by the normal approximation beyond. No interval if there are too few for `level`.
// `differences` must not be empty. (Hodges and Lehmann 1963; Hollander and Wolfe, 3.2 and 3.3.)
Shift signed_rank_shift(const std::vector<double>& differences, double level);

// P(T <= t) of the signed-rank statistic of n differences under the null hypothesis, without ties; exact.
double signed_rank_probability(int n, int t);

// P(U <= u) of the Mann-Whitney statistic for samples of m and n values under the null hypothesis, without ties.
double mann_whitney_probability(int m, int n, int u);

}  // namespace fanin::statistics
