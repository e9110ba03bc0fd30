#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "statistics/statistics.h"

namespace fanin::statistics {

// The shift of paired differences that are nested in units (fresh sets of server processes): the Hodges-Lehmann
// estimate over the units' own estimates. The interval is the wider of two: over the units' estimates, and over all
// differences together. No interval if there are too few units. No unit may be empty, and there must be one.
Shift hierarchical_shift(const std::vector<std::vector<double>>& units, double level);

// P(|T - E T| >= observed) of the signed-rank (Wilcoxon) statistic of `differences` under the null hypothesis that they
// are symmetric around zero. Zeros are dropped and ties get mean ranks, with the exact distribution of these ranks, up
// to 50 differences; beyond, the normal approximation with the correction for ties. 1 where no difference is left.
// (Wilcoxon 1945; Hollander and Wolfe, 3.1.)
double signed_rank_p(const std::vector<double>& differences);

// P(|W - E W| >= observed) of the rank-sum (Wilcoxon, Mann-Whitney) statistic under the null hypothesis that both
// samples are of one distribution. Ties get mean ranks, with the exact distribution of these ranks, up to 2,500 pairs
// (50 values each); beyond, the normal approximation with the correction for ties. 1 if a sample is empty. (Wilcoxon
// 1945; Mann and Whitney 1947; Hollander and Wolfe, 4.1.)
double rank_sum_p(const std::vector<double>& first, const std::vector<double>& second);

// A shift with the two-sided p-value of the hypothesis that it is 0.
struct ShiftTest {
  Shift shift;
  double p = 1;
};

// The shift between two samples whose values share a random effect each, such as the state of the machine during a run:
// the samples alone do not show it. `variance` is that of the difference of the two effects, known from elsewhere. The
// half-width of rank_sum_shift()'s interval gives a standard error with m + n - 2 degrees of freedom; `variance` is
// added to its square, and the degrees of freedom of the sum are Welch's (Welch 1947; Satterthwaite 1946). The interval
// is no narrower than rank_sum_shift()'s. No interval, and p is 1, if the samples are too small. Neither may be empty.
ShiftTest test_drifting_shift(const std::vector<double>& first, const std::vector<double>& second, double variance,
                              double level);

// p-values adjusted for the false discovery rate, in the order of `p`: a hypothesis is rejected at rate q if its
// adjusted value is at most q. (Benjamini and Hochberg 1995; adjusted values as in Yekutieli and Benjamini 1999.)
std::vector<double> benjamini_hochberg(const std::vector<double>& p);

// The exact interval of a proportion after `successes` in `trials` (at least 1). Two-sided: each end excludes (1 -
// level) / 2. (Clopper and Pearson 1934.)
Interval clopper_pearson(std::int64_t successes, std::int64_t trials, double level);
// Its one-sided upper bound: the largest proportion that is consistent with so few successes.
double clopper_pearson_upper(std::int64_t successes, std::int64_t trials, double level);

// The slope of the line through `points`: the median of the slopes of all pairs with different x, and its interval,
// which inverts Kendall's test: exact up to 30 points without ties in x or y, else by the normal approximation with the
// correction for ties. Empty without two different x; no interval if there are too few points for `level`. Takes n^2
// steps and memory. (Theil 1950; Sen 1968; Hollander and Wolfe, 9.2 and 9.3.)
std::optional<Shift> theil_sen(const std::vector<Point>& points, double level);

// P(K <= k) of Kendall's statistic K (concordant minus discordant pairs) of n points under the null hypothesis, without
// ties; exact.
double kendall_probability(int n, int k);

// (sum x)^2 / (n sum x^2): 1 if all values are equal, 1/n if one has everything. Empty if all are 0 or there are none.
// (Jain, Chiu and Hawe 1984.)
std::optional<double> jain_index(const std::vector<double>& values);

}  // namespace fanin::statistics
