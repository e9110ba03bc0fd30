#include "harness/verdict/verdict.h"

#include <gtest/gtest.h>

#include <cmath>

namespace fanin::harness {
namespace {

MetricVerdict metric_with(Verdict verdict) {
  const double centre = verdict == Verdict::kWorse ? 1.5 : verdict == Verdict::kBetter ? 0.5 : 1.0;
  const double width = verdict == Verdict::kUndecided ? 0.5 : 0.01;
  return {.cell = "x/epoll/10",
          .metric = "server_cpu_per_request_ns",
          .unit = "ns",
          .band = 0.05,
          .base = 5000,
          .now = 5000 * centre,
          .ratio = RatioEstimate{centre, statistics::Interval{centre - width / 2, centre + width / 2, 0.99}},
          .verdict = verdict,
          .units = 11,
          .log_ratios = std::vector<double>(11, std::log(centre))};
}

Judgement judgement_with(std::vector<Verdict> verdicts) {
  Judgement judgement{.kind = "ab", .base = "a", .now = "b"};
  for (const Verdict verdict : verdicts) {
    judgement.metrics.push_back(metric_with(verdict));
  }
  judgement.procedure = {.method = "m", .error_rate = 0.01, .looks = {11}, .false_alarms = "not measured"};
  return judgement;
}

TEST(JudgeRatio, ComparesTheIntervalWithTheBand) {
  EXPECT_EQ(judge_ratio(statistics::Interval{1.06, 1.2, 0.95}, 0.05, false), Verdict::kWorse);
  EXPECT_EQ(judge_ratio(statistics::Interval{1.06, 1.2, 0.95}, 0.05, true), Verdict::kBetter);
  EXPECT_EQ(judge_ratio(statistics::Interval{0.8, 0.95, 0.95}, 0.05, true), Verdict::kWorse);
  EXPECT_EQ(judge_ratio(statistics::Interval{0.96, 1.04, 0.95}, 0.05, true), Verdict::kEquivalent);
  EXPECT_EQ(judge_ratio(statistics::Interval{0.96, 1.06, 0.95}, 0.05, true), Verdict::kUndecided);
  EXPECT_EQ(judge_ratio(std::nullopt, 0.05, true), Verdict::kUndecided);
}

// The bug: an interrupted session wrote "no regression" and exit code 0 for the cells that it had decided.
TEST(Judgement, AnInterruptedSessionIsNoPassedOne) {
  Judgement judgement = judgement_with({Verdict::kEquivalent});
  judgement.interrupted = true;
  const Json document = judgement_to_json(judgement);
  EXPECT_EQ(document.at("exit_code"), 130);
  EXPECT_EQ(document.at("result"), "interrupted: 0 better, 0 worse, 1 equivalent, 0 undecided");
  EXPECT_TRUE(judgement_from_json(JsonReader(document, "v.json")).interrupted);
}

// The bug: base 102k, new 101k, change +0.4 %, and nothing said which of them counts.
TEST(Report, SaysThatPairsDecideWhereTheMediansContradictThem) {
  Judgement judgement = judgement_with({Verdict::kEquivalent});
  MetricVerdict& metric = judgement.metrics.front();
  metric.ratio->ratio = 1.004;
  metric.base = 5100;
  metric.now = 5050;
  const std::string text = describe_judgement(judgement);
  EXPECT_NE(text.find("change of pairs [interval]"), std::string::npos) << text;
  EXPECT_NE(text.find("x/epoll/10 server_cpu_per_request_ns: medians -0.98 %, pairs +0.40 %: the pairs decide"),
            std::string::npos)
      << text;
  metric.now = 5200;  // agrees
  EXPECT_EQ(describe_judgement(judgement).find("the pairs decide"), std::string::npos);
}

TEST(JudgeRatio, JudgesByTheWholeInterval) {
  EXPECT_EQ(judge_ratio(statistics::Interval{1.06, 1.2, 0.95}, 0.05, true), Verdict::kBetter);
  EXPECT_EQ(judge_ratio(statistics::Interval{1.06, 1.2, 0.95}, 0.05, false), Verdict::kWorse);
  EXPECT_EQ(judge_ratio(statistics::Interval{1.04, 1.2, 0.95}, 0.05, true), Verdict::kUndecided);
  EXPECT_EQ(judge_ratio(statistics::Interval{0.96, 1.04, 0.95}, 0.05, true), Verdict::kEquivalent);
  EXPECT_EQ(judge_ratio(statistics::Interval{0.8, 0.9, 0.95}, 0.05, true), Verdict::kWorse);
  EXPECT_EQ(judge_ratio(statistics::Interval{0.8, 0.9, 0.95}, 0.05, false), Verdict::kBetter);
}

// The bug: a comparison that could decide nothing, and one of which a cell had failed, passed the build.
TEST(ExitCode, PassesOnlyWhatWasDecided) {
  EXPECT_EQ(judgement_with({Verdict::kEquivalent, Verdict::kBetter}).exit_code(), ExitCode::kPassed);
  EXPECT_EQ(judgement_with({Verdict::kEquivalent, Verdict::kUndecided}).exit_code(), ExitCode::kPassed);
  EXPECT_EQ(judgement_with({Verdict::kUndecided, Verdict::kUndecided}).exit_code(), ExitCode::kUndecided);
  EXPECT_EQ(judgement_with({}).exit_code(), ExitCode::kUndecided);
  EXPECT_EQ(judgement_with({Verdict::kUndecided, Verdict::kWorse}).exit_code(), ExitCode::kRegression);
  for (const char* status : {"failed", "invalid", "missing", "pending", "zero"}) {
    Judgement faulty = judgement_with({Verdict::kEquivalent});
    faulty.faults.push_back({"x/poll/10", status, "it broke"});
    EXPECT_EQ(faulty.exit_code(), ExitCode::kFailed);
  }
}

TEST(ExitCode, StrictTakesNoUndecidedComparison) {
  Judgement judgement = judgement_with({Verdict::kEquivalent, Verdict::kUndecided});
  judgement.strict = true;
  EXPECT_EQ(judgement.exit_code(), ExitCode::kUndecided);
}

// Would catch: a session whose control differs from its base, which is no evidence against the new side.
TEST(ExitCode, AFailedControlVoidsItsVerdict) {
  Judgement judgement = judgement_with({Verdict::kWorse, Verdict::kEquivalent});
  judgement.metrics.front().control_failed = true;
  EXPECT_EQ(judgement.exit_code(), ExitCode::kFailed);
  EXPECT_EQ(judgement_to_json(judgement)["counts"]["void"], 1);
  EXPECT_EQ(judgement_to_json(judgement)["counts"]["worse"], 0);
}

TEST(ExitCode, BisectSkipsWhatShowsNothing) {
  EXPECT_EQ(exit_code_for_bisect(ExitCode::kPassed), 0);
  EXPECT_EQ(exit_code_for_bisect(ExitCode::kRegression), 1);
  for (const ExitCode code : {ExitCode::kNotComparable, ExitCode::kUndecided, ExitCode::kFailed}) {
    EXPECT_EQ(exit_code_for_bisect(code), 125);
  }
}

TEST(VerdictDocument, IsReadBack) {
  Judgement judgement = judgement_with({Verdict::kWorse, Verdict::kUndecided});
  judgement.faults.push_back({"x/poll/10", "failed", "it broke"});
  judgement.metrics.front().control = RatioEstimate{1.001, statistics::Interval{0.99, 1.01, 0.99}};
  judgement.metrics.front().smallest_effect = 0.03;
  const Json document = judgement_to_json(judgement);
  EXPECT_EQ(judgement_to_json(judgement_from_json(JsonReader(document, "v.json"))), document);
}

// Would catch: an edited verdict that other programs would believe.
TEST(VerdictDocument, VerdictsMustFollowFromTheirRatios) {
  Json document = judgement_to_json(judgement_with({Verdict::kWorse}));
  document["metrics"][0]["verdict"] = "better";
  EXPECT_THROW(judgement_from_json(JsonReader(document, "v.json")), std::invalid_argument);
  document = judgement_to_json(judgement_with({Verdict::kWorse}));
  document["exit_code"] = 0;
  EXPECT_THROW(judgement_from_json(JsonReader(document, "v.json")), std::invalid_argument);
}

}  // namespace
}  // namespace fanin::harness
