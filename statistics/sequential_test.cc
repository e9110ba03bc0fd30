#include "statistics/sequential.h"

#include <gtest/gtest.h>

#include <random>

namespace fanin::statistics {
namespace {

// Expected: with L looks at 1 % the level is 1 - 0.01 / L, and n differences reach at most 1 - 2 / 2^n.
TEST(SequentialPlan, BeginsWhereAnIntervalCanBe) {
  const SequentialPlan plan = plan_looks(24, 0.01);
  EXPECT_EQ(plan.looks, (std::vector<std::size_t>{13, 17, 24}));
  EXPECT_NEAR(plan.level(), 1 - 0.01 / 3, 1e-12);
  for (const std::size_t most : {8U, 10U, 30U, 60U, 200U}) {
    const SequentialPlan each = plan_looks(most, 0.01);
    EXPECT_EQ(each.looks.back(), most);
    std::vector<double> differences(each.looks.front());
    std::iota(differences.begin(), differences.end(), 1.0);
    EXPECT_TRUE(signed_rank_shift(differences, each.level()).interval) << most;
  }
}

// Would catch: a plan without looks, or with an interval that no data can give, for a session that is too short.
TEST(SequentialPlan, TooFewUnitsDecideNothing) {
  const SequentialPlan plan = plan_looks(5, 0.01);
  EXPECT_EQ(plan.looks, (std::vector<std::size_t>{5}));
  EXPECT_EQ(evaluate(plan, {1, 1, 1, 1, 1}, {0}, true).decision, Decision::kUndecided);
}

TEST(Decide, ComparesTheIntervalWithTheBand) {
  EXPECT_EQ(decide(Interval{0.02, 0.04, 0.99}, {0.01}), Decision::kAbove);
  EXPECT_EQ(decide(Interval{-0.04, -0.02, 0.99}, {0.01}), Decision::kBelow);
  EXPECT_EQ(decide(Interval{-0.01, 0.01, 0.99}, {0.01}), Decision::kWithin);
  EXPECT_EQ(decide(Interval{0.005, 0.02, 0.99}, {0.01}), Decision::kUndecided);
  EXPECT_EQ(decide(std::nullopt, {0.01}), Decision::kUndecided);
}

// Would catch: a threshold that is compared as if it were 0. An interval that only touches it decides nothing.
TEST(Decide, ComparesTheIntervalWithAThreshold) {
  const Band threshold{.centre = 0.4};
  EXPECT_EQ(decide(Interval{0.41, 0.6, 0.99}, threshold), Decision::kAbove);
  EXPECT_EQ(decide(Interval{0.1, 0.39, 0.99}, threshold), Decision::kBelow);
  EXPECT_EQ(decide(Interval{0.4, 0.6, 0.99}, threshold), Decision::kUndecided);
  EXPECT_EQ(decide(Interval{0.4, 0.4, 0.99}, threshold), Decision::kWithin);
}

// Would catch: data after the deciding look that change the decision, which would be another look.
TEST(Evaluate, StopsAtTheFirstLookThatDecides) {
  std::vector<double> differences(13, 0.03);
  differences.resize(24, -0.5);
  const SequentialState state = evaluate(plan_looks(24, 0.01), differences, {0.01}, true);
  EXPECT_EQ(state.decision, Decision::kAbove);
  EXPECT_EQ(state.units, 13U);
}

// A budget that ends between two looks uses the units that are there, in place of the look that it does not reach.
TEST(Evaluate, AnEarlyEndIsALook) {
  const SequentialPlan plan = plan_looks(24, 0.01);
  const std::vector<double> differences(15, 0.03);
  EXPECT_EQ(evaluate(plan, std::vector<double>(12, 0.03), {0.01}, false).units, 0U);
  EXPECT_EQ(evaluate(plan, std::vector<double>(12, 0.03), {0.01}, true).units, 12U);
  EXPECT_EQ(evaluate(plan, differences, {0.01}, false).decision, Decision::kAbove);
}

// A/A sessions without a band, 1,000 of each kind with a fixed seed: at most 1 % end with a difference, as promised, up
// to the error of the simulation (three standard deviations: 0.9 %). Looking at each unit at a fixed level of 99 %
// would raise alarms in 3 to 5 % of them.
TEST(Evaluate, KeepsItsErrorRate) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal(0, 0.005);
  std::student_t_distribution<double> heavy(3);
  std::bernoulli_distribution steps(0.05);
  const SequentialPlan plan = plan_looks(40, 0.01);
  const auto alarms = [&](auto draw) {
    int count = 0;
    for (int session = 0; session < 1000; ++session) {
      std::vector<double> differences(40);
      std::generate(differences.begin(), differences.end(), draw);
      const Decision decision = evaluate(plan, differences, {0}, true).decision;
      count += decision == Decision::kAbove || decision == Decision::kBelow ? 1 : 0;
    }
    return count;
  };
  EXPECT_LE(alarms([&] { return normal(random); }), 19);
  EXPECT_LE(alarms([&] { return 0.005 * heavy(random); }), 19);
  EXPECT_LE(alarms([&] { return normal(random) + (steps(random) ? 20 * normal(random) : 0); }), 19);
}

// By the normal approximation with a standard error of 1 and a level of 95 %: 1.96 + 1.28 beyond the band if all
// half-widths are equal, as with many units. With 24 units they scatter by 14.7 %: k = 0.757298 solves k^2 = 1.2816^2
// (1 / 1.96^2 + 0.147^2 (1 + (1 + k)^2)).
TEST(SmallestEffect, AddsTheBandAndThePower) {
  const Interval interval{-1.959964, 1.959964, 0.95};
  EXPECT_NEAR(smallest_effect(interval, 0.95, 0.5, 1'000'000'000), 0.5 + 1.959964 + 1.281552, 1e-5);
  EXPECT_NEAR(smallest_effect(interval, 0.95, 0.5, 24), 0.5 + 1.959964 * (1 + 0.757298), 1e-5);
}

}  // namespace
}  // namespace fanin::statistics
