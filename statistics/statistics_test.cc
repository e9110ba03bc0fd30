#include "statistics/statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <tuple>

namespace fanin::statistics {
namespace {

TEST(Median, OfOddAndEvenCounts) {
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 3, 2}), 2.5);
  EXPECT_EQ(median({7}), 7);
}

// Expected: deviations of x are -2, 0, 2 and of y -3, 1, 2, so (6 + 0 + 4) / (4 + 0 + 4).
TEST(LeastSquares, AgreesWithHandComputation) {
  EXPECT_EQ(least_squares_slope({{1, 0}, {3, 4}, {5, 5}}), 1.25);
  EXPECT_EQ(least_squares_slope({{0, 7}, {1000, 7}}), 0.0);
}

TEST(LeastSquares, NeedsTwoPlaces) {
  EXPECT_FALSE(least_squares_slope({}));
  EXPECT_FALSE(least_squares_slope({{5, 1}}));
  EXPECT_FALSE(least_squares_slope({{5, 1}, {5, 2}}));
}

// Published: the sign-test intervals of the median reach 95 % from n = 6 on (coverage 0.96875 with the extremes);
// n = 5 gives 0.9375, n = 10 gives [x(2), x(9)] with 0.9785, n = 20 gives [x(6), x(15)] with 0.9586.
TEST(MedianInterval, AgreesWithTables) {
  const Interval five = median_interval({1, 2, 3, 4, 5}, 0.95);
  EXPECT_EQ(five.low, 1);
  EXPECT_EQ(five.high, 5);
  EXPECT_NEAR(five.coverage, 0.9375, 1e-12);
  EXPECT_NEAR(median_interval({1, 2, 3, 4, 5, 6}, 0.95).coverage, 0.96875, 1e-12);
  const Interval ten = median_interval({10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, 0.95);
  EXPECT_EQ(ten.low, 2);
  EXPECT_EQ(ten.high, 9);
  EXPECT_NEAR(ten.coverage, 0.978515625, 1e-12);
  std::vector<double> twenty;
  for (int i = 1; i <= 20; ++i) {
    twenty.push_back(i);
  }
  const Interval interval = median_interval(twenty, 0.95);
  EXPECT_EQ(interval.low, 6);
  EXPECT_EQ(interval.high, 15);
  EXPECT_NEAR(interval.coverage, 0.95861, 1e-5);
}

// Expected from rational arithmetic. The bug: 2^-1075 is 0 as a double, and so was every tail: the interval was empty
// and its coverage 1.
TEST(MedianInterval, HoldsForManyValues) {
  for (const auto& [count, rank, coverage] : {std::tuple{1000, 469, 0.9537088026395019},
                                              {1075, 505, 0.9559335206201514},
                                              {10'000, 4902, 0.9511670501036181}}) {
    std::vector<double> values(static_cast<std::size_t>(count));
    std::iota(values.begin(), values.end(), 1.0);
    const Interval interval = median_interval(values, 0.95);
    EXPECT_EQ(interval.low, rank);
    EXPECT_EQ(interval.high, count + 1 - rank);
    EXPECT_NEAR(interval.coverage, coverage, 1e-9);
  }
}

// Would catch: an interval from a single round.
TEST(MedianInterval, OneValueCoversNothing) {
  const Interval one = median_interval({42}, 0.95);
  EXPECT_EQ(one.low, 42);
  EXPECT_EQ(one.high, 42);
  EXPECT_EQ(one.coverage, 0);
}

// Expected: for m = n = 2 the six arrangements have U = 0, 1, 2, 2, 3, 4.
TEST(MannWhitney, CountsTheSmallestCaseByHand) {
  EXPECT_DOUBLE_EQ(mann_whitney_probability(2, 2, -1), 0);
  EXPECT_DOUBLE_EQ(mann_whitney_probability(2, 2, 0), 1.0 / 6);
  EXPECT_DOUBLE_EQ(mann_whitney_probability(2, 2, 1), 2.0 / 6);
  EXPECT_DOUBLE_EQ(mann_whitney_probability(2, 2, 2), 4.0 / 6);
  EXPECT_DOUBLE_EQ(mann_whitney_probability(2, 2, 4), 1);
}

// The two-sided 5 % critical values (the largest u with 2 P(U <= u) <= 0.05) of textbooks; 3 and 3 has none.
TEST(MannWhitney, AgreesWithPublishedCriticalValues) {
  const auto critical = [](int m, int n) {
    int u = -1;
    while (2 * mann_whitney_probability(m, n, u + 1) <= 0.05) {
      ++u;
    }
    return u;
  };
  EXPECT_EQ(critical(3, 3), -1);
  EXPECT_EQ(critical(4, 4), 0);
  EXPECT_EQ(critical(5, 5), 2);
  EXPECT_EQ(critical(7, 9), 12);
  EXPECT_EQ(critical(10, 10), 23);
  EXPECT_EQ(critical(20, 20), 127);
}

// Hollander and Wolfe, example 4.1 (permeability of the human chorioamnion): the estimate of the shift is -0.305 and
// the 96 % interval of the published solution is (-0.76, 0.15).
TEST(RankSumShift, AgreesWithThePublishedExample) {
  const std::vector<double> at_term{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46};
  const std::vector<double> early{1.15, 0.88, 0.90, 0.74, 1.21};
  const Shift shift = rank_sum_shift(at_term, early, 0.96);
  EXPECT_NEAR(shift.estimate, -0.305, 1e-9);
  ASSERT_TRUE(shift.interval);
  EXPECT_NEAR(shift.interval->low, -0.76, 1e-9);
  EXPECT_NEAR(shift.interval->high, 0.15, 1e-9);
}

// Would catch: a verdict from two or three rounds a side, for which no rank test reaches 95 %.
TEST(RankSumShift, HasNoIntervalWhereSamplesAreTooSmall) {
  EXPECT_FALSE(rank_sum_shift({1, 2, 3}, {11, 12, 13}, 0.95).interval);
  EXPECT_EQ(rank_sum_shift({1, 2, 3}, {11, 12, 13}, 0.95).estimate, 10);
  EXPECT_TRUE(rank_sum_shift({1, 2, 3, 4}, {11, 12, 13, 14}, 0.95).interval);
}

TEST(RankSumShift, ChangesSignWithTheOrderOfTheSamples) {
  const std::vector<double> a{1.0, 2.5, 3.1, 4.7, 9.0};
  const std::vector<double> b{2.0, 2.2, 5.0, 6.0, 7.7, 8.1};
  const Shift forward = rank_sum_shift(a, b, 0.95);
  const Shift backward = rank_sum_shift(b, a, 0.95);
  EXPECT_DOUBLE_EQ(forward.estimate, -backward.estimate);
  ASSERT_TRUE(forward.interval && backward.interval);
  EXPECT_DOUBLE_EQ(forward.interval->low, -backward.interval->high);
  EXPECT_DOUBLE_EQ(forward.interval->high, -backward.interval->low);
}

// The bug: counts were subtracted from each other and overflowed from 515 values on, so the coverage was NaN; and each
// k was counted anew, so 200 rounds took minutes. At the border the approximation has the coverage of the exact result.
TEST(RankSumShift, TheApproximationJoinsOn) {
  const auto ramp = [](int count, double from) {
    std::vector<double> values(static_cast<std::size_t>(count));
    std::iota(values.begin(), values.end(), from);
    return values;
  };
  const Shift exact = rank_sum_shift(ramp(50, 0), ramp(50, 1000), 0.95);
  const Shift many = rank_sum_shift(ramp(51, 0), ramp(50, 1000), 0.95);
  EXPECT_EQ(exact.estimate, 1000);
  EXPECT_NEAR(exact.interval->coverage, 0.95, 0.002);
  EXPECT_EQ(many.interval->coverage, 0.95);
  EXPECT_NEAR(many.interval->low, exact.interval->low - 0.5, 0.75);
  EXPECT_NEAR(many.interval->high, exact.interval->high - 0.5, 0.75);
  // Normal approximation: 50 * 50 / 2 - 1.96 sqrt(50 * 50 * 101 / 12) is 965.7.
  EXPECT_NEAR(1 - 2 * mann_whitney_probability(50, 50, 964), 0.95, 0.002);
}

TEST(RankSumShift, HoldsForManyValues) {
  std::vector<double> first(2000);
  std::vector<double> second(2000);
  for (std::size_t i = 0; i < first.size(); ++i) {
    first[i] = static_cast<double>(i * 7919 % 2000);
    second[i] = first[i] + 3;
  }
  const Shift shift = rank_sum_shift(first, second, 0.95);
  EXPECT_EQ(shift.estimate, 3);
  // Half-width for 2000 values of this spread: about 1.96 * 2000 / sqrt(6 * 2000).
  EXPECT_NEAR(shift.interval->low, 3 - 36, 1);
  EXPECT_NEAR(shift.interval->high, 3 + 36, 1);
}

// Compares with all pairs, sorted.
TEST(RankSumShift, RanksPairsAsSortingThemDoes) {
  const std::vector<double> a{1.5, -2.25, 1e-300, 7, 7, -1e9, 0.1};
  const std::vector<double> b{0.3, 0.3, -5, 1e9, 2.5, -0.0};
  std::vector<double> differences;
  for (const double x : a) {
    for (const double y : b) {
      differences.push_back(y - x);
    }
  }
  std::sort(differences.begin(), differences.end());
  const Shift shift = rank_sum_shift(a, b, 0.95);
  EXPECT_EQ(shift.estimate, (differences[20] + differences[21]) / 2);
  // P(U <= 6) of 7 and 6 values is 0.0175: the largest below a fortieth.
  EXPECT_EQ(shift.interval->low, differences[6]);
  EXPECT_EQ(shift.interval->high, differences[42 - 7]);
}

// Published (Hollander and Wolfe, table A.4): P(T >= 14) = 0.063 for n = 5 by symmetry P(T <= 1) = 2/32; for n = 8
// P(T <= 3) = 5/256; for n = 10 P(T <= 8) = 25/1024.
TEST(SignedRank, ProbabilitiesAgreeWithTables) {
  EXPECT_DOUBLE_EQ(signed_rank_probability(5, 1), 2.0 / 32);
  EXPECT_DOUBLE_EQ(signed_rank_probability(8, 3), 5.0 / 256);
  EXPECT_DOUBLE_EQ(signed_rank_probability(10, 8), 25.0 / 1024);
  EXPECT_DOUBLE_EQ(signed_rank_probability(4, 10), 1);
}

// The two-sided 5 % critical values of textbooks.
TEST(SignedRank, AgreesWithPublishedCriticalValues) {
  const auto critical = [](int n) {
    int t = -1;
    while (2 * signed_rank_probability(n, t + 1) <= 0.05) {
      ++t;
    }
    return t;
  };
  EXPECT_EQ(critical(5), -1);
  EXPECT_EQ(critical(6), 0);
  EXPECT_EQ(critical(10), 8);
  EXPECT_EQ(critical(20), 52);
  EXPECT_EQ(critical(25), 89);
  EXPECT_EQ(critical(50), 434);
}

// Expected: the Walsh averages of 1, 2, 4 are 1, 1.5, 2, 2.5, 3, 4, their median 2.25.
TEST(SignedRank, EstimatesByHand) {
  const Shift shift = signed_rank_shift({1, 2, 4}, 0.95);
  EXPECT_DOUBLE_EQ(shift.estimate, 2.25);
  EXPECT_FALSE(shift.interval);  // 2/8 is the smallest two-sided p of three
}

// n = 6 is the minimum for 95 %: the interval of all averages covers 1 - 2/64.
TEST(SignedRank, SixDifferencesCarryAnInterval) {
  const Shift shift = signed_rank_shift({1, 2, 3, 4, 5, 6}, 0.95);
  ASSERT_TRUE(shift.interval);
  EXPECT_DOUBLE_EQ(shift.interval->low, 1);
  EXPECT_DOUBLE_EQ(shift.interval->high, 6);
  EXPECT_DOUBLE_EQ(shift.interval->coverage, 1 - 2.0 / 64);
}

// Would catch: an approximation for many differences that does not join the exact one.
TEST(SignedRank, TheApproximationJoinsOn) {
  std::vector<double> differences;
  for (int i = 1; i <= 51; ++i) {
    differences.push_back(i);
  }
  const Shift many = signed_rank_shift(differences, 0.95);
  differences.pop_back();
  const Shift exact = signed_rank_shift(differences, 0.95);
  EXPECT_NEAR(many.interval->low, exact.interval->low, 0.5);
  EXPECT_NEAR(many.interval->high, exact.interval->high + 1, 0.5);
}

}  // namespace
}  // namespace fanin::statistics
