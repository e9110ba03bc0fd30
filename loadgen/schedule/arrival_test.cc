#include "loadgen/schedule/arrival.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

namespace fanin::load {
namespace {

// All arrivals of a plan in [0, until), of all shares, sorted.
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

constexpr double kKs01Percent = 1.949;  // critical value of the limiting distribution at 0.1 %

std::shared_ptr<const os::ArrivalTrace> make_trace(const std::string& lines) {
  std::istringstream stream(lines);
  return std::make_shared<const os::ArrivalTrace>(os::ArrivalTrace::read(stream, "times.txt"));
}

// Plans of every kind whose arrivals are numbered, at a mean of 1000/s over the first ten seconds.
std::vector<ArrivalPlan> numbered_plans() {
  using std::chrono::seconds;
  const ArrivalPlan uniform{.kind = ArrivalKind::kUniform, .rate_per_s = 1000};
  ArrivalPlan rising = uniform;
  rising.ramp = RateRamp{0, 2000, seconds(0), seconds(10)};
  ArrivalPlan falling = uniform;
  falling.ramp = RateRamp{1200, 700, seconds(2), seconds(8)};
  return {uniform,
          {.kind = ArrivalKind::kBursts, .rate_per_s = 1000, .burst_size = 7},
          {.kind = ArrivalKind::kTrace, .rate_per_s = 1000, .trace = make_trace("0\n1ms\n1ms\n5ms\n2s\n")},
          rising,
          falling};
}

// The shares form one schedule. Would catch: a share with its own phase, or an arrival that is lost or in two shares.
TEST(Schedule, SharesOfAnyNumberAddUpToTheNumberedSchedule) {
  for (ArrivalPlan plan : numbered_plans()) {
    const auto whole = arrivals(plan, std::chrono::seconds(10));
    EXPECT_NEAR(static_cast<double>(whole.size()), 10'000, 10) << arrival_name(plan.kind);
    for (plan.shares = 2; plan.shares <= 9; ++plan.shares) {
      ASSERT_EQ(arrivals(plan, std::chrono::seconds(10)), whole) << arrival_name(plan.kind) << plan.shares;
    }
  }
}

// The same for Poisson: for any number of shares the gaps are exponential with the declared mean, and the count is
// right. Would catch: correlated shares (same seed), shares that do not add up to the full rate, gaps rounded to ms, a
// lost first gap.
TEST(Schedule, SharesOfAnyNumberAddUpToThePoissonProcess) {
  for (const unsigned shares : {1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U}) {
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
      const auto times = arrivals({ArrivalKind::kPoisson, 10'000, shares, seed}, std::chrono::seconds(5));
      EXPECT_LT(ks_exponential(gaps(times), 1e5), kKs01Percent) << shares << " " << seed;
      EXPECT_NEAR(static_cast<double>(times.size()), 50'000, 4 * std::sqrt(50'000)) << shares << " " << seed;
    }
  }
}

// A Poisson process of changing rate has rate 1 in cumulative-rate time: 0 to 10,000/s over 10 s.
TEST(Schedule, SharesOfAnyNumberAddUpToThePoissonRamp) {
  const RateRamp ramp{0, 10'000, std::chrono::seconds(0), std::chrono::seconds(10)};
  for (const unsigned shares : {1U, 2U, 5U, 8U}) {
    auto times = arrivals({.rate_per_s = 5000, .shares = shares, .seed = 4, .ramp = ramp}, std::chrono::seconds(10));
    EXPECT_NEAR(static_cast<double>(times.size()), 50'000, 4 * std::sqrt(50'000)) << shares;
    std::transform(times.begin(), times.end(), times.begin(), [](double ns) { return 500 * ns * ns / 1e18; });
    EXPECT_LT(ks_exponential(gaps(times), 1), kKs01Percent) << shares;
  }
}

// The test must be able to fail: uniform gaps are not exponential.
TEST(Schedule, TheTestDetectsUniformGaps) {
  const auto times = arrivals({ArrivalKind::kUniform, 10'000, 1, 1}, std::chrono::seconds(1));
  EXPECT_GT(ks_exponential(gaps(times), 1e5), 10 * kKs01Percent);
}

// Arrival k of a uniform ramp from 0 to 200/s over 1 s is due at sqrt(k)/10 s; then come 200 per second.
TEST(RampSchedule, ArrivesWhenTheCumulativeRateHasReachedItsNumber) {
  const ArrivalPlan plan{.kind = ArrivalKind::kUniform,
                         .rate_per_s = 100,
                         .ramp = RateRamp{0, 200, std::chrono::seconds(0), std::chrono::seconds(1)}};
  const auto times = arrivals(plan, std::chrono::milliseconds(1011));
  ASSERT_EQ(times.size(), 103U);
  for (std::size_t k = 0; k <= 100; ++k) {
    ASSERT_NEAR(times[k], std::sqrt(static_cast<double>(k)) * 1e8, 1) << k;
  }
  EXPECT_EQ(times[101], 1'005'000'000);
  EXPECT_EQ(times[102], 1'010'000'000);
}

// Falling from 200/s to 0 after a second at 200/s: number 200 + k is due at 2 - sqrt(1 - k/100) s, and number 301
// never.
TEST(RampSchedule, HoldsTheFirstRateBeforeAndEndsWhereTheRateIsZero) {
  const ArrivalPlan plan{.kind = ArrivalKind::kUniform,
                         .rate_per_s = 100,
                         .ramp = RateRamp{200, 0, std::chrono::seconds(1), std::chrono::seconds(1)}};
  const auto times = arrivals(plan, std::chrono::hours(1000));
  ASSERT_EQ(times.size(), 301U);
  EXPECT_EQ(times[1], 5'000'000);
  EXPECT_EQ(times[199], 995'000'000);
  for (std::size_t k = 0; k < 100; ++k) {
    ASSERT_NEAR(times[200 + k], 2e9 - std::sqrt(1 - static_cast<double>(k) / 100) * 1e9, 1) << k;
  }
  EXPECT_EQ(times[300], 2'000'000'000);
}

TEST(RampSchedule, OfEqualRatesIsUniform) {
  ArrivalPlan plan{.kind = ArrivalKind::kUniform, .rate_per_s = 1000};
  const auto plain = arrivals(plan, std::chrono::seconds(3));
  plan.ramp = RateRamp{1000, 1000, std::chrono::seconds(1), std::chrono::seconds(1)};
  const auto ramped = arrivals(plan, std::chrono::seconds(3));
  ASSERT_EQ(ramped.size(), plain.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    ASSERT_NEAR(ramped[i], plain[i], 1) << i;
  }
}

TEST(BurstSchedule, ManyAtOnceAndEvenlySpaced) {
  const ArrivalPlan plan{.kind = ArrivalKind::kBursts, .rate_per_s = 30, .burst_size = 3};
  EXPECT_EQ(arrivals(plan, std::chrono::milliseconds(250)),
            (std::vector<double>{0, 0, 0, 1e8, 1e8, 1e8, 2e8, 2e8, 2e8}));
}

// Times 0, 100 and 300 ms after the first: mean gap 150 ms, so it repeats from 450 ms.
TEST(TraceSchedule, RepeatsAtTheFilesOwnRateOrScaled) {
  const auto trace = make_trace("0.5\n600ms\n0.8\n");
  ArrivalPlan plan{.kind = ArrivalKind::kTrace, .rate_per_s = trace->rate_per_s(), .trace = trace};
  EXPECT_EQ(arrivals(plan, std::chrono::milliseconds(600)), (std::vector<double>{0, 1e8, 3e8, 4.5e8, 5.5e8}));
  plan.rate_per_s *= 2;
  EXPECT_EQ(arrivals(plan, std::chrono::milliseconds(300)), (std::vector<double>{0, 0.5e8, 1.5e8, 2.25e8, 2.75e8}));
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

}  // namespace
}  // namespace fanin::load
