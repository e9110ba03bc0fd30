#include "loadgen/arrival.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace fanin {
namespace {

// All arrivals of a plan in [0, until), the shares put together and sorted.
std::vector<double> arrivals(const ArrivalPlan& plan, Nanoseconds until) {
  std::vector<double> times;
  for (unsigned share = 0; share < plan.shares; ++share) {
    for (Schedule schedule(plan, share); schedule.next() < until; schedule.advance()) {
      times.push_back(static_cast<double>(schedule.next().count()));
    }
  }
  std::sort(times.begin(), times.end());
  return times;
}

std::vector<double> gaps(const std::vector<double>& times) {
  std::vector<double> result;
  for (std::size_t i = 1; i < times.size(); ++i) {
    result.push_back(times[i] - times[i - 1]);
  }
  return result;
}

// One-sample Kolmogorov-Smirnov distance to the exponential distribution of this mean, times sqrt(n).
double ks_exponential(std::vector<double> sample, double mean) {
  std::sort(sample.begin(), sample.end());
  const auto n = static_cast<double>(sample.size());
  double distance = 0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const double model = 1 - std::exp(-sample[i] / mean);
    distance = std::max({distance, static_cast<double>(i + 1) / n - model, model - static_cast<double>(i) / n});
  }
  return distance * std::sqrt(n);
}

constexpr double kKs1Percent = 1.628;  // critical value of the limiting distribution at 1 %

// Would catch: gaps that are not those declared (rounded to ms, a lost first gap, the wrong rate).
TEST(PoissonSchedule, GapsPassKolmogorovSmirnov) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const auto times = arrivals({ArrivalKind::kPoisson, 10'000, 1, seed}, std::chrono::seconds(5));
    EXPECT_LT(ks_exponential(gaps(times), 1e5), kKs1Percent) << seed;
    EXPECT_NEAR(static_cast<double>(times.size()), 50'000, 4 * std::sqrt(50'000)) << seed;
  }
}

// Would catch: shares that are correlated (same seed) or do not add up to the full rate.
TEST(PoissonSchedule, SharesPutTogetherAreOneProcessAtTheFullRate) {
  for (const unsigned shares : {2U, 3U, 8U}) {
    const auto times = arrivals({ArrivalKind::kPoisson, 10'000, shares, 7}, std::chrono::seconds(5));
    EXPECT_LT(ks_exponential(gaps(times), 1e5), kKs1Percent) << shares;
    EXPECT_NEAR(static_cast<double>(times.size()), 50'000, 4 * std::sqrt(50'000)) << shares;
  }
}

// The test must be able to fail: uniform gaps are no exponential ones.
TEST(PoissonSchedule, TheTestTellsUniformGapsApart) {
  const auto times = arrivals({ArrivalKind::kUniform, 10'000, 1, 1}, std::chrono::seconds(1));
  EXPECT_GT(ks_exponential(gaps(times), 1e5), 10 * kKs1Percent);
}

TEST(UniformSchedule, MeanIsExactOverAnyNumberOfShares) {
  for (const unsigned shares : {1U, 2U, 7U}) {
    const auto times = arrivals({ArrivalKind::kUniform, 1000, shares, 1}, std::chrono::seconds(10));
    ASSERT_EQ(times.size(), 10'000U) << shares;
    for (std::size_t i = 0; i < times.size(); ++i) {
      ASSERT_EQ(times[i], static_cast<double>(i) * 1e6) << shares;
    }
  }
}

// Would catch: rounding errors that add up (3 per second has no whole number of ns between arrivals).
TEST(UniformSchedule, DoesNotDrift) {
  const auto times = arrivals({ArrivalKind::kUniform, 3, 1, 1}, std::chrono::hours(1));
  EXPECT_EQ(times.size(), 10'800U);
  EXPECT_NEAR(times.back(), 3600e9 - 1e9 / 3, 1);
}

TEST(Schedule, SameSeedSameTimesOtherSeedOthers) {
  const ArrivalPlan plan{ArrivalKind::kPoisson, 1000, 2, 42};
  ArrivalPlan other = plan;
  other.seed = 43;
  EXPECT_EQ(arrivals(plan, std::chrono::seconds(1)), arrivals(plan, std::chrono::seconds(1)));
  EXPECT_NE(arrivals(plan, std::chrono::seconds(1)), arrivals(other, std::chrono::seconds(1)));
}

// First outputs for seed 0 as published with the reference implementation.
TEST(SplitMix64, MatchesReferenceOutput) {
  SplitMix64 random(0);
  EXPECT_EQ(random(), 0xe220a8397b1dcdafU);
  EXPECT_EQ(random(), 0x6e789e6aa1b965f4U);
  EXPECT_EQ(random(), 0x06c45d188009454fU);
}

TEST(ArrivalName, RoundTripsAndRefuses) {
  EXPECT_EQ(arrival_name(parse_arrival("poisson")), "poisson");
  EXPECT_EQ(arrival_name(parse_arrival("uniform")), "uniform");
  EXPECT_THROW(parse_arrival("burst"), std::invalid_argument);
}

}  // namespace
}  // namespace fanin
