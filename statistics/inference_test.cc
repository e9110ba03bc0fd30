#include "statistics/inference.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace fanin::statistics {
namespace {

// Hollander and Wolfe, example 3.1 (Hamilton's depression scale, second minus first visit): T+ = 5, one-sided P =
// 0.020.
TEST(SignedRankP, AgreesWithThePublishedExample) {
  const std::vector<double> first{1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30};
  const std::vector<double> second{0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29};
  std::vector<double> differences;
  for (std::size_t i = 0; i < first.size(); ++i) {
    differences.push_back(second[i] - first[i]);
  }
  EXPECT_NEAR(signed_rank_p(differences), 2 * 10.0 / 512, 1e-12);
}

// Expected from all 2^4 signs of the ranks 1.5, 1.5, 3, 4: sums up to 1.5 come from {}, {1.5} and {1.5}.
TEST(SignedRankP, TiesKeepTheExactDistribution) {
  EXPECT_DOUBLE_EQ(signed_rank_p({-1, 1, 2, 3}), 2 * 3.0 / 16);
  EXPECT_DOUBLE_EQ(signed_rank_p({0, 0}), 1);
  EXPECT_DOUBLE_EQ(signed_rank_p({}), 1);
}

// Would catch: an interval that excludes zero with a p-value that does not reject it.
TEST(SignedRankP, AgreesWithTheInterval) {
  std::vector<double> differences(12);
  std::iota(differences.begin(), differences.end(), -1.7);
  const Shift shift = signed_rank_shift(differences, 0.95);
  ASSERT_TRUE(shift.interval);
  EXPECT_EQ(shift.interval->low > 0, signed_rank_p(differences) < 1 - shift.interval->coverage + 1e-12);
}

// Expected from integer arithmetic for 51 differences, a third of them negative.
TEST(SignedRankP, TheApproximationIsCloseBeyondTheExactRange) {
  std::vector<double> differences;
  for (int i = 1; i <= 51; ++i) {
    differences.push_back(i % 3 == 0 ? -i : i);
  }
  EXPECT_NEAR(signed_rank_p(differences), 0.0559802, 0.001);
}

// Hollander and Wolfe, example 4.1 (permeability of the human chorioamnion): the second sample's ranks add up to 30,
// and the one-sided P is 0.1272 (R's wilcox.test gives W = 35, p-value = 0.1272).
TEST(RankSumP, AgreesWithThePublishedExample) {
  const std::vector<double> at_term{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46};
  const std::vector<double> early{1.15, 0.88, 0.90, 0.74, 1.21};
  EXPECT_NEAR(rank_sum_p(at_term, early), 2 * 0.1272, 1e-4);
  EXPECT_DOUBLE_EQ(rank_sum_p(at_term, early), rank_sum_p(early, at_term));
}

// Expected from all 6 pairs of the ranks 1, 2.5, 2.5, 4: four sums are 1.5 or more from their mean 5.
TEST(RankSumP, TiesKeepTheExactDistribution) {
  EXPECT_DOUBLE_EQ(rank_sum_p({1, 2}, {2, 3}), 4.0 / 6);
  EXPECT_DOUBLE_EQ(rank_sum_p({7, 7, 7}, {7, 7}), 1);
  EXPECT_DOUBLE_EQ(rank_sum_p({}, {1}), 1);
}

TEST(RankSumP, IsExactForSmallSamples) {
  EXPECT_DOUBLE_EQ(rank_sum_p({1, 2, 3, 4}, {11, 12, 13, 14}), 2.0 / 70);
  EXPECT_DOUBLE_EQ(rank_sum_p({1, 2, 3, 4, 5}, {11, 12, 13, 14, 10}), 2.0 / 252);
}

// Would catch: a step in the p-value where the approximation begins.
TEST(RankSumP, TheApproximationJoinsOn) {
  const auto ramp = [](int count, double from) {
    std::vector<double> values(static_cast<std::size_t>(count));
    std::iota(values.begin(), values.end(), from);
    return values;
  };
  EXPECT_NEAR(rank_sum_p(ramp(50, 0), ramp(50, 8.5)), rank_sum_p(ramp(51, 0), ramp(50, 9.5)), 0.01);
}

// 1.95996 and 2.30600 are the 97.5 % quantiles of the normal distribution and of Student's with 8 degrees of freedom.
TEST(DriftingShift, AddsTheVarianceOfTheDrift) {
  const std::vector<double> ones(5, 1.0);
  const ShiftTest constant = test_drifting_shift(ones, std::vector<double>(5, 1.5), 0.02, 0.95);
  EXPECT_NEAR(constant.shift.interval->high - 0.5, 1.95996 * std::sqrt(0.02), 1e-5);
  EXPECT_NEAR(constant.p, 2 * 0.5 * std::erfc(0.5 / std::sqrt(0.02) / std::sqrt(2.0)), 1e-9);
  EXPECT_EQ(test_drifting_shift(ones, ones, 0, 0.95).p, 1);
  EXPECT_EQ(test_drifting_shift(ones, {2, 2, 2, 2, 2}, 0, 0.95).p, 0);
}

// Would catch: an interval that is narrower than the rounds alone give, and degrees of freedom that the drift lowers.
TEST(DriftingShift, IsNoNarrowerThanTheSamples) {
  const std::vector<double> first{0.00, 0.01, 0.02, 0.03, 0.05};
  const std::vector<double> second{0.10, 0.12, 0.13, 0.15, 0.16};
  const Interval alone = *rank_sum_shift(first, second, 0.95).interval;
  const ShiftTest without = test_drifting_shift(first, second, 0, 0.95);
  EXPECT_DOUBLE_EQ(without.shift.interval->low, alone.low);
  EXPECT_DOUBLE_EQ(without.shift.interval->high, alone.high);
  const double within = (alone.high - alone.low) / 2 / 2.63;  // t(8) has 2.63 at the coverage of 0.9683
  const ShiftTest with = test_drifting_shift(first, second, 0.0009, 0.95);
  const double half_width = (with.shift.interval->high - with.shift.interval->low) / 2;
  EXPECT_GT(half_width, 1.96 * std::hypot(within, 0.03));
  EXPECT_LT(half_width, 2.306 * std::hypot(within, 0.03));
  EXPECT_GT(with.p, without.p);
}

TEST(DriftingShift, NeedsAnIntervalOfTheSamples) {
  const ShiftTest test = test_drifting_shift({1, 2, 3}, {11, 12, 13}, 0.01, 0.95);
  EXPECT_FALSE(test.shift.interval);
  EXPECT_EQ(test.p, 1);
}

// The example of Benjamini and Hochberg (1995): 15 p-values, of which a rate of 0.05 rejects the four smallest.
TEST(BenjaminiHochberg, AgreesWithThePublishedExample) {
  const std::vector<double> p{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
                              0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.000};
  const std::vector<double> adjusted = benjamini_hochberg(p);
  for (std::size_t i = 0; i < p.size(); ++i) {
    EXPECT_EQ(adjusted[i] <= 0.05, i < 4) << i;
    EXPECT_GE(adjusted[i], p[i]);
  }
  EXPECT_NEAR(adjusted[3], 0.0095 * 15 / 4, 1e-12);
}

// Would catch: adjusted values in sorted order, or not monotone: 0.04 and 0.03 share 0.04.
TEST(BenjaminiHochberg, KeepsTheOrderOfItsInput) {
  const std::vector<double> adjusted = benjamini_hochberg({0.04, 0.001, 0.03});
  EXPECT_NEAR(adjusted[0], 0.04, 1e-12);
  EXPECT_NEAR(adjusted[1], 0.003, 1e-12);
  EXPECT_NEAR(adjusted[2], 0.04, 1e-12);
  EXPECT_TRUE(benjamini_hochberg({}).empty());
}

// Textbook: 10 of 100 gives (0.0490, 0.1762) at 95 %. No success in n: the upper bound is 1 - (1 - level)^(1/n).
TEST(ClopperPearson, AgreesWithPublishedValues) {
  const Interval ten = clopper_pearson(10, 100, 0.95);
  EXPECT_NEAR(ten.low, 0.04900, 5e-6);
  EXPECT_NEAR(ten.high, 0.17622, 5e-6);
  EXPECT_NEAR(clopper_pearson_upper(0, 299, 0.95), 1 - std::pow(0.05, 1.0 / 299), 1e-12);
  EXPECT_EQ(clopper_pearson(0, 20, 0.95).low, 0);
  EXPECT_EQ(clopper_pearson(20, 20, 0.95).high, 1);
}

// The sample sizes that certify a rate of at most 1 % at 95 %: 0 in 299, 1 in 473, 2 in 628, 3 in 773.
TEST(ClopperPearson, CertifiesOnePercent) {
  const std::pair<int, int> smallest[] = {{0, 299}, {1, 473}, {2, 628}, {3, 773}};
  for (const auto& [alarms, trials] : smallest) {
    EXPECT_LE(clopper_pearson_upper(alarms, trials, 0.95), 0.01) << alarms;
    EXPECT_GT(clopper_pearson_upper(alarms, trials - 1, 0.95), 0.01) << alarms;
  }
}

// Hollander and Wolfe, example 9.1 (five years of cloud seeding): slope -0.056, K = -6 with P(K <= -6) = 0.117.
TEST(TheilSen, AgreesWithThePublishedExample) {
  const std::vector<Point> points{{1, 1.26}, {2, 1.27}, {3, 1.12}, {4, 1.16}, {5, 1.03}};
  const auto slope = theil_sen(points, 0.95);
  ASSERT_TRUE(slope);
  EXPECT_NEAR(slope->estimate, -0.05625, 1e-12);
  EXPECT_NEAR(kendall_probability(5, -6), 14.0 / 120, 1e-12);
  ASSERT_TRUE(slope->interval);  // the extremes: 1 - 2/120
  EXPECT_NEAR(slope->interval->low, -0.15, 1e-12);
  EXPECT_NEAR(slope->interval->high, 0.04, 1e-12);
  EXPECT_NEAR(slope->interval->coverage, 1 - 2.0 / 120, 1e-12);
}

// Would catch: slopes between points of one x (division by zero), and an outlier that turns the line.
TEST(TheilSen, TakesRepeatedPlacesAndOutliers) {
  std::vector<Point> points;
  for (const double x : {0.0, 100.0, 1000.0}) {
    for (const double noise : {-1.0, 0.0, 1.0, 2.0}) {
      points.push_back({x, 5 * x + noise});
    }
  }
  points[3].y = 1e9;
  const auto slope = theil_sen(points, 0.95);
  ASSERT_TRUE(slope && slope->interval);
  EXPECT_NEAR(slope->estimate, 5, 0.02);
  EXPECT_LT(slope->interval->low, 5);
  EXPECT_GT(slope->interval->high, 5);
  EXPECT_FALSE(theil_sen({{1, 2}, {1, 3}}, 0.95));
  EXPECT_FALSE(theil_sen({{1, 2}, {2, 3}, {3, 4}}, 0.95)->interval);
}

// Pseudo-replication: slices within one pair of processes agree with each other and not with the next pair. The bug
// would be an interval from the 300 slices: it is 20 times too narrow and excludes the truth, 0.
TEST(HierarchicalShift, UnitsDecideWhereTheyDiffer) {
  std::vector<std::vector<double>> units;
  for (const double unit : {-0.02, -0.01, -0.005, 0.004, 0.011, 0.019}) {
    std::vector<double> slices;
    for (int i = 0; i < 50; ++i) {
      slices.push_back(unit + 0.0001 * (i % 5 - 2));
    }
    units.push_back(slices);
  }
  const Shift shift = hierarchical_shift(units, 0.95);
  ASSERT_TRUE(shift.interval);
  EXPECT_NEAR(shift.interval->low, -0.02, 1e-9);
  EXPECT_NEAR(shift.interval->high, 0.019, 1e-9);
}

// Would catch: six units whose estimates happen to agree, although each of them is known only roughly.
TEST(HierarchicalShift, IsNoNarrowerThanWithinUnits) {
  const std::vector<std::vector<double>> units(6, {-1, -0.5, 0, 0.5, 1});
  const Shift shift = hierarchical_shift(units, 0.95);
  ASSERT_TRUE(shift.interval);
  EXPECT_EQ(shift.estimate, 0);
  EXPECT_LT(shift.interval->low, -0.1);
  EXPECT_GT(shift.interval->high, 0.1);
  EXPECT_FALSE(hierarchical_shift({{1.0, 1.1}, {1.2}}, 0.95).interval);
}

// Jain, Chiu and Hawe: if k of n users get equal shares and the others nothing, the index is k/n.
TEST(JainIndex, IsTheShareOfServedUsers) {
  EXPECT_DOUBLE_EQ(jain_index({3, 3, 3, 0, 0}).value(), 0.6);
  EXPECT_DOUBLE_EQ(jain_index({7}).value(), 1);
  EXPECT_FALSE(jain_index({0, 0}));
  EXPECT_FALSE(jain_index({}));
}

}  // namespace
}  // namespace fanin::statistics
