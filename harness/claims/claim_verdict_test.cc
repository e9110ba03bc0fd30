#include "harness/claims/claim_verdict.h"

#include <gtest/gtest.h>

#include <cmath>

namespace fanin::harness {
namespace {

using statistics::Interval;

constexpr Threshold kAtLeast{true, 1.5};
constexpr Threshold kAtMost{false, 1.25};

// Would catch: a verdict that the estimate makes and not the interval, or a direction that is turned around.
TEST(JudgeInterval, DecidesWhereTheWholeIntervalIsOnOneSide) {
  EXPECT_EQ(judge_interval(Interval{1.6, 1.9, 0.97}, kAtLeast), ClaimVerdict::kConfirmed);
  EXPECT_EQ(judge_interval(Interval{1.4, 1.9, 0.97}, kAtLeast), ClaimVerdict::kUndecided);
  EXPECT_EQ(judge_interval(Interval{1.0, 1.4, 0.97}, kAtLeast), ClaimVerdict::kRefuted);
  EXPECT_EQ(judge_interval(Interval{1.0, 1.2, 0.97}, kAtMost), ClaimVerdict::kConfirmed);
  EXPECT_EQ(judge_interval(Interval{1.2, 1.3, 0.97}, kAtMost), ClaimVerdict::kUndecided);
  EXPECT_EQ(judge_interval(Interval{1.3, 1.4, 0.97}, kAtMost), ClaimVerdict::kRefuted);
  EXPECT_EQ(judge_interval(std::nullopt, kAtLeast), ClaimVerdict::kUndecided);
}

// Counts have no scatter: "at least 1" is met by 1.
TEST(JudgeInterval, TheThresholdIsOnTheClaimedSide) {
  EXPECT_EQ(judge_interval(Interval{1, 1, 0.97}, {true, 1}), ClaimVerdict::kConfirmed);
  EXPECT_EQ(judge_interval(Interval{1, 1, 0.97}, {false, 1}), ClaimVerdict::kConfirmed);
  EXPECT_EQ(judge_interval(Interval{0, 0, 0.97}, {false, 0}), ClaimVerdict::kConfirmed);
}

// `estimate`: of the ratio, whose log interval is 0.02 wide.
bool control_fails_at(const Interval& control, double estimate) {
  const double log_ratio = std::log(estimate);
  const statistics::Shift shift{log_ratio, Interval{log_ratio - 0.01, log_ratio + 0.01, 0.97}};
  return control_fails(control, shift, ClaimVerdict::kConfirmed, kAtLeast);
}

TEST(ControlFails, ComparesItWithTheDistanceFromTheThreshold) {
  const Interval biased{0.02, 0.04, 0.97};
  EXPECT_FALSE(control_fails_at(biased, 3));          // 5 % bounds it, far from the threshold
  EXPECT_TRUE(control_fails_at(biased, 1.5 * 1.02));  // half of 2 %
  EXPECT_TRUE(control_fails_at(Interval{0.06, 0.2, 0.97}, 3));
  EXPECT_TRUE(control_fails_at(Interval{-0.2, -0.06, 0.97}, 3));
  EXPECT_FALSE(control_fails_at(Interval{-0.2, 0.2, 0.97}, 3));  // noise is no bias
}

TEST(ControlFails, AnUndecidedCaseHasNoVerdictToBeBiased) {
  const statistics::Shift at_threshold{std::log(1.5), Interval{std::log(1.4), std::log(1.6), 0.97}};
  EXPECT_FALSE(control_fails(Interval{0.02, 0.04, 0.97}, at_threshold, ClaimVerdict::kUndecided, kAtLeast));
  EXPECT_TRUE(control_fails(Interval{0.1, 0.2, 0.97}, at_threshold, ClaimVerdict::kUndecided, kAtLeast));
  EXPECT_FALSE(control_fails(std::nullopt, at_threshold, ClaimVerdict::kUndecided, kAtLeast));
}

// Would catch: K10 invalid with a p99 that is x297 [249, 538] of base's, at least x3 claimed, since base's copy has
// x1.41 [1.06, 3.4]. The interval of the ratio already states more doubt.
TEST(ControlFails, AnIntervalThatIsWiderThanTheBiasStatesIt) {
  const statistics::Shift wide{std::log(297), Interval{std::log(249), std::log(538), 0.97}};
  EXPECT_FALSE(control_fails(Interval{0.054, 1.23, 0.97}, wide, ClaimVerdict::kConfirmed, {true, 3}));
  EXPECT_TRUE(control_fails(Interval{0.4, 1.23, 0.97}, wide, ClaimVerdict::kConfirmed, {true, 3}));
}

std::vector<NamedVerdict> name(const std::vector<ClaimVerdict>& verdicts) {
  std::vector<NamedVerdict> named;
  for (const ClaimVerdict verdict : verdicts) {
    named.push_back({std::string(1, static_cast<char>('a' + static_cast<int>(named.size()))), verdict, "why"});
  }
  return named;
}

TEST(Combine, OneConfirmedAndOneRefutedAreContested) {
  using enum ClaimVerdict;
  EXPECT_EQ(combine(name({kConfirmed, kConfirmed})), kConfirmed);
  EXPECT_EQ(combine(name({kRefuted, kRefuted})), kRefuted);
  EXPECT_EQ(combine(name({kConfirmed, kRefuted, kInvalid, kUndecided})), kContested);
  EXPECT_EQ(combine(name({kConfirmed, kContested})), kContested);
  EXPECT_EQ(combine(name({kConfirmed, kUndecided})), kUndecided);
  EXPECT_EQ(combine(name({kRefuted, kUndecided, kInvalid})), kInvalid);
  EXPECT_EQ(combine(name({kConfirmed, kUnsupported})), kConfirmed);
  EXPECT_EQ(combine(name({kUnsupported, kUnsupported})), kUnsupported);
}

TEST(Explain, NamesBothSides) {
  using enum ClaimVerdict;
  EXPECT_EQ(explain(name({kConfirmed, kRefuted}), "test"), "confirmed by a; refuted by b");
  EXPECT_EQ(explain(name({kConfirmed, kConfirmed}), "test"), "confirmed by both tests");
  EXPECT_EQ(explain(name({kConfirmed, kUndecided, kUndecided}), "case"), "confirmed by a; undecided: b, c (why)");
  EXPECT_EQ(explain(name({kInvalid}), "test"), "invalid: a (why)");
  EXPECT_EQ(explain(name({kRefuted, kConfirmed, kConfirmed, kConfirmed, kConfirmed, kConfirmed}), "case"),
            "confirmed by b, c, d and 2 further cases; refuted by a");
  // A list of names with commas could not be read: "select, one CPU, poll, one CPU".
  EXPECT_EQ(explain({{"poll, one CPU", kConfirmed, ""}, {"epoll", kRefuted, ""}}, "case"),
            "confirmed by 'poll, one CPU'; refuted by epoll");
}

}  // namespace
}  // namespace fanin::harness
