#include "loadgen/runs/change_point.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace fanin::load {
namespace {

double p(const std::vector<double>& series) { return pettitt_p(series); }

// 1 2 3 4: U = -3, -4, -3, so K = 4 and p = 2 exp(-6 * 16 / 80).
TEST(Pettitt, OfARisingSeriesByHand) {
  EXPECT_DOUBLE_EQ(p({1, 2, 3, 4}), 2 * std::exp(-1.2));
  EXPECT_DOUBLE_EQ(p({4, 3, 2, 1}), 2 * std::exp(-1.2));
}

// Ten of one level, ten of another: all 100 pairs across agree, p = 2 exp(-6 * 10000 / 8400).
TEST(Pettitt, OfAStepByHand) {
  std::vector<double> series(10, 100);
  series.insert(series.end(), 10, 101);
  EXPECT_DOUBLE_EQ(pettitt_p(series), 2 * std::exp(-60'000.0 / 8400));
  EXPECT_LT(pettitt_p(series), 0.002);
}

// U = -1 -2 -3 2 1 0, so K = 3 and 2 exp(-6 * 9 / 252) is above 1, however high the spike.
TEST(Pettitt, ASpikeCountsByItsRank) {
  EXPECT_DOUBLE_EQ(p({5, 5, 5, 9, 5, 5}), p({5, 5, 5, 6, 5, 5}));
  EXPECT_EQ(p({5, 5, 5, 9, 5, 5}), 1);
}

TEST(Pettitt, FindsNothingWhereNothingChanges) {
  EXPECT_EQ(p({}), 1);
  EXPECT_EQ(p({7}), 1);
  EXPECT_EQ(p({3, 3, 3, 3}), 1);
  EXPECT_EQ(p({1, 2, 1, 2}), 1);  // K = 2, 2 exp(-0.3) is above 1
}

// Why the watch needs more intervals: with ten values not even a perfect step is significant.
TEST(Pettitt, TenValuesAreTooFewToSeeAnything) {
  EXPECT_GT(p({1, 1, 1, 1, 1, 9, 9, 9, 9, 9}), WarmupWatch::kSignificant);
}

// Number of intervals until the watch reports a steady throughput; 0: never.
std::size_t steady_after(const std::vector<std::uint64_t>& per_interval) {
  WarmupWatch watch;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < per_interval.size(); ++i) {
    total += per_interval[i];
    if (watch.add(total)) {
      return i + 1;
    }
  }
  return 0;
}

TEST(WarmupWatch, OpensAfterASecondThatIsSteady) { EXPECT_EQ(steady_after(std::vector<std::uint64_t>(40, 500)), 20U); }

// 500 per interval after ten intervals of 100. With a of the low ones among the last twenty K is a (20 - a): 75 for
// five of them, p = 0.036; 64 for four, p = 0.107. So the watch opens after 26 intervals.
TEST(WarmupWatch, WaitsUntilAStepHasPassed) {
  std::vector<std::uint64_t> series(10, 100);
  series.insert(series.end(), 40, 500);
  EXPECT_EQ(steady_after(series), 26U);
}

TEST(WarmupWatch, DoesNotOpenWhileTheThroughputClimbs) {
  std::vector<std::uint64_t> series;
  for (std::uint64_t i = 0; i < 200; ++i) {
    series.push_back(100 + i);
  }
  EXPECT_EQ(steady_after(series), 0U);
}

// Would catch: a window that opens before the server's first reply.
TEST(WarmupWatch, SilenceIsNotSteady) {
  std::vector<std::uint64_t> series(60, 0);
  EXPECT_EQ(steady_after(series), 0U);
}

}  // namespace
}  // namespace fanin::load
