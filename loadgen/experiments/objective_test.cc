#include "loadgen/experiments/objective.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace fanin::load {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

std::string refusal(const std::string& text) {
  try {
    parse_objective(text);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "taken";
}

// A run of 2000 requests of 1 ms of which `bad` were not answered.
Outcome make_outcome(std::uint64_t bad) {
  Outcome outcome;
  outcome.result.sent = 2000;
  outcome.result.completed = 2000 - bad;
  outcome.result.unanswered = bad;
  for (std::uint64_t i = bad; i < 2000; ++i) {
    outcome.result.response.record(milliseconds(1));
  }
  outcome.result.response.record_uncompleted(bad);
  return outcome;
}

bool met(const std::string& objective, const Outcome& outcome) {
  return check_objective(parse_objective(objective), outcome).met;
}

TEST(Objective, ReadsAPercentileAndAShareOfErrors) {
  const Objective objective = parse_objective("p99.9<=500us,errors<0.1%");
  EXPECT_EQ(objective.percentile.per_10000, 9990U);
  EXPECT_EQ(objective.limit, microseconds(500));
  EXPECT_TRUE(objective.limit_included);
  EXPECT_DOUBLE_EQ(objective.errors_share.value(), 0.001);
  EXPECT_FALSE(objective.errors_included);
  EXPECT_EQ(parse_objective("errors<=0%,p50<1s").percentile.per_10000, 5000U);
  EXPECT_DOUBLE_EQ(samples_needed(objective), 10'000);
  EXPECT_DOUBLE_EQ(samples_needed(parse_objective("p50<1s")), 20);
}

TEST(Objective, RefusesWhatItCannotMean) {
  EXPECT_NE(refusal("p99").find("has no '<'"), std::string::npos);
  EXPECT_NE(refusal("").find("has no '<'"), std::string::npos);
  EXPECT_NE(refusal("p98<1ms").find("'p98' is not one of p50"), std::string::npos);
  EXPECT_NE(refusal("p99<fast").find("'fast' is not a duration"), std::string::npos);
  EXPECT_NE(refusal("p99<=").find("'' is not a duration"), std::string::npos);
  EXPECT_NE(refusal("p99<1ms,p50<1us").find("two percentiles"), std::string::npos);
  EXPECT_NE(refusal("errors<1%").find("bounds no percentile"), std::string::npos);
  EXPECT_NE(refusal("p99<1ms,errors<0.1").find("'0.1' is no share"), std::string::npos);
  EXPECT_NE(refusal("p99<1ms,").find("has no '<'"), std::string::npos);
}

// Would catch: a search whose every probe fails, since nothing is as low.
TEST(Objective, RefusesWhatNothingCanMeet) {
  EXPECT_EQ(refusal("p99<0"), "--find-rate p99<0: p99 cannot be so low: give a greater bound");
  EXPECT_NE(refusal("p50<=0").find("p50 cannot be so low"), std::string::npos);
  EXPECT_NE(refusal("p99<1ms,errors<0%").find("errors cannot be so low"), std::string::npos);
  EXPECT_TRUE(parse_objective("p99<1ms,errors<=0%").errors_included);
}

// The bug: a bound of 10 % was taken, which no run above 5 % can meet, since it is invalid.
TEST(Objective, RefusesMoreErrorsThanAValidRunHas) {
  EXPECT_EQ(refusal("p50<50ms,errors<10%"),
            "--find-rate p50<50ms,errors<10%: a run with more than 5 % failed requests is invalid: ask for errors<=5%");
  EXPECT_NE(refusal("p50<50ms,errors<5.01%"), "taken");
  EXPECT_EQ(refusal("p50<50ms,errors<=5%"), "taken");
}

// 1 ms falls into a bucket that ends at 1003519 ns, which is what a percentile shows.
TEST(Objective, TellsBelowFromAtMost) {
  EXPECT_TRUE(met("p99<1003520ns", make_outcome(0)));
  EXPECT_TRUE(met("p99<=1003519ns", make_outcome(0)));
  EXPECT_FALSE(met("p99<1003519ns", make_outcome(0)));
  EXPECT_EQ(check_objective(parse_objective("p99<1ms"), make_outcome(0)).reason, "p99 was 1.00 ms");
}

TEST(Objective, IsNotMetByAPercentileThatCannotBeKnown) {
  const ObjectiveCheck check = check_objective(parse_objective("p99.9<1s"), make_outcome(0));
  EXPECT_FALSE(check.met);
  EXPECT_NE(check.reason.find("2,000 requests are too few for p99.9, which needs 10000"), std::string::npos)
      << check.reason;
}

// Would catch: requests that were never answered and therefore make the latency look good.
TEST(Objective, CountsWhatWasNotAnsweredAsSlow) {
  EXPECT_TRUE(met("p99<1s", make_outcome(20)));
  EXPECT_FALSE(met("p99<1s", make_outcome(21)));
  EXPECT_TRUE(met("p50<1s,errors<=1%", make_outcome(20)));
  EXPECT_FALSE(met("p50<1s,errors<1%", make_outcome(20)));
  EXPECT_FALSE(met("p50<1s,errors<1%", make_outcome(40)));
}

TEST(Objective, IsNotMetByAnInvalidRun) {
  Outcome outcome = make_outcome(0);
  outcome.verdict.status = Status::kInvalid;
  outcome.verdict.reasons = {{ReasonCode::kLateSends, "only 90.00 % of the requests left within 100 us of their time"}};
  const ObjectiveCheck check = check_objective(parse_objective("p99<1s"), outcome);
  EXPECT_FALSE(check.met);
  EXPECT_EQ(check.reason, "the run is invalid: only 90.00 % of the requests left within 100 us of their time");
}

}  // namespace
}  // namespace fanin::load
