#include "loadgen/reports/assertions.h"

#include <gtest/gtest.h>

#include <string>

#include "loadgen/reports/verdict_fixture.h"

namespace fanin::load {
namespace {

// 10,000 replies of 1 ms in a second, unless a test changes that.
class AssertionsTest : public VerdictTest {
 protected:
  ConditionCheck check(const std::string& text) {
    return check_condition(parse_conditions("--assert", text).front(), result_, verdict_);
  }
  bool met(const std::string& text) { return check(text).decision == Decision::kMet; }
  bool missed(const std::string& text) { return check(text).decision == Decision::kMissed; }

  int judge_all(const std::string& text) {
    plan_.assertions = parse_conditions("--assert", text);
    return static_cast<int>(judge(plan_, result_, verdict_));
  }
  void lose(std::uint64_t count) {
    result_.sent += count;
    result_.unanswered += count;
    result_.response.record_uncompleted(count);
  }
  void make_invalid() {
    verdict_.status = Status::kInvalid;
    verdict_.reasons = {{ReasonCode::kMismatch, "1 reply was wrong"}};
  }

  Verdict verdict_;
};

TEST_F(AssertionsTest, JudgesEachFigure) {
  EXPECT_TRUE(met("p99<=1ms"));
  EXPECT_TRUE(missed("p99<1ms"));
  EXPECT_TRUE(met("max<1000001ns"));
  EXPECT_TRUE(missed("max<1ms"));
  EXPECT_TRUE(met("mean<=1ms"));
  EXPECT_TRUE(missed("mean>1ms"));
  EXPECT_TRUE(met("errors<0.1%"));
  EXPECT_TRUE(met("rate>=10k"));
  EXPECT_TRUE(missed("rate>10k"));
  EXPECT_EQ(check("rate>10k").value, 10'000);
  EXPECT_EQ(check("p99<1ms").text, "1.00 ms");
}

// Would catch: requests that were never answered and therefore make the latency look good.
TEST_F(AssertionsTest, CountsUnansweredRequestsAsErrorsAndAsSlow) {
  lose(200);
  EXPECT_TRUE(met("errors<2%"));
  EXPECT_TRUE(missed("errors<1.9%"));
  EXPECT_TRUE(met("p95<=1ms"));
  EXPECT_TRUE(missed("p99<1h"));
  EXPECT_TRUE(missed("max<1h"));
  EXPECT_EQ(check("p99<1h").value, std::nullopt);
  EXPECT_EQ(check("p99<1h").text, "1.96 % of the requests failed or were not answered, p99 among them");
}

// Would catch: exit code 0 for a percentile that no one knows.
TEST_F(AssertionsTest, DecidesNothingFromTooFewSamples) {
  EXPECT_EQ(check("p99.99<1h").decision, Decision::kUndecided);
  EXPECT_EQ(check("p99.99<1h").text, "10,000 requests are too few for p99.99, which needs 100000: measure longer");
  EXPECT_DOUBLE_EQ(samples_needed({"p99.9", 9990}), 10'000);
  EXPECT_DOUBLE_EQ(samples_needed({"p50", 5000}), 20);
  result_.response.clear();
  EXPECT_EQ(check("max<1h").decision, Decision::kUndecided);
  EXPECT_EQ(check("mean<1h").decision, Decision::kUndecided);
}

TEST_F(AssertionsTest, DecidesNothingFromAnInvalidResult) {
  make_invalid();
  EXPECT_EQ(check("rate>0").decision, Decision::kUndecided);
  EXPECT_EQ(check("rate>0").text, "the run is invalid: 1 reply was wrong");
}

TEST_F(AssertionsTest, TheExitCodeIsThatOfTheWorstCondition) {
  EXPECT_EQ(judge_all("p99<2ms,rate>1"), 0);
  EXPECT_EQ(judge_all("p99<2ms,p99.99<2ms"), 4);
  EXPECT_EQ(judge_all("p99.99<2ms,p50<1us,rate>1"), 1);
  make_invalid();
  EXPECT_EQ(judge_all("p50<1us"), 5);
}

TEST_F(AssertionsTest, AMissedAssertionCountsMoreThanAnInvalidPart) {
  using os::ExitCode;
  EXPECT_EQ(worse_of(ExitCode::kFailed, ExitCode::kRegression), ExitCode::kRegression);
  EXPECT_EQ(worse_of(ExitCode::kFailed, ExitCode::kUndecided), ExitCode::kFailed);
  EXPECT_EQ(worse_of(ExitCode::kPassed, ExitCode::kUndecided), ExitCode::kUndecided);
  EXPECT_EQ(worse_of(ExitCode::kPassed, ExitCode::kPassed), ExitCode::kPassed);
}

TEST_F(AssertionsTest, AreLinesAndJson) {
  plan_.assertions = parse_conditions("--assert", "p99<2ms,rate>50k");
  EXPECT_EQ(assertion_lines(plan_, result_, verdict_, "  "),
            "  assert p99<2ms: met, 1.00 ms\n  assert rate>50k: missed, 10,000/s\n");
  const auto json = assertions_json(plan_, result_, verdict_);
  ASSERT_EQ(json.size(), 2U);
  EXPECT_EQ(json[1]["condition"], "rate>50k");
  EXPECT_EQ(json[1]["figure"], "rate");
  EXPECT_EQ(json[1]["unit"], "1/s");
  EXPECT_EQ(json[1]["bound"], 50'000);
  EXPECT_EQ(json[1]["value"], 10'000);
  EXPECT_EQ(json[1]["decision"], "missed");
}

}  // namespace
}  // namespace fanin::load
