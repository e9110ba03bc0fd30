#include "harness/analysis/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fanin::harness {
namespace {

using ::testing::HasSubstr;

Json round_with(double throughput, const Json& p99, const char* status = "ok") {
  return {{"cell", "x/y/1"},
          {"status", status},
          {"reason", std::string(status) == "ok" ? Json(nullptr) : Json("because")},
          {"load",
           {{"throughput", {{"requests_per_s", throughput}}},
            {"latency", {{"response", {{"percentiles", {{"p99", p99}}}}}}},
            {"requests", {{"completed", 100}}}}},
          {"server", {{"voluntary_switches", 150}, {"involuntary_switches", 50}}}};
}

std::vector<const Json*> pointers_to(const std::vector<Json>& rounds) {
  std::vector<const Json*> all;
  for (const Json& round : rounds) {
    all.push_back(&round);
  }
  return all;
}

Json summary_of(const std::vector<Json>& rounds, const std::string& metric) {
  for (const Json& summary : summarise_cell("x/y/1", pointers_to(rounds))) {
    if (summary["metric"] == metric) {
      return summary;
    }
  }
  return nullptr;
}

TEST(Summary, TakesRoundsThatAreOk) {
  const std::vector<Json> rounds{round_with(10, 5), round_with(30, 5), round_with(20, 5),
                                 round_with(1000, 5, "invalid")};
  const Json summary = summary_of(rounds, "throughput_per_s");
  EXPECT_EQ(summary["n"], 3);
  EXPECT_EQ(summary["median"], 20);
  EXPECT_EQ(summary["low"], 10);
  EXPECT_EQ(summary["high"], 30);
  EXPECT_NEAR(summary["coverage"].get<double>(), 0.75, 1e-12);
  EXPECT_EQ(summary_of(rounds, "server_switches_per_request")["median"], 2);
}

// The bug: what happened in the window was divided by replies that came after it as well.
TEST(Summary, AnAmountOfTheWindowIsPerReplyWithinIt) {
  Json round = round_with(10, 5);
  EXPECT_EQ(metric_of(round, "server_switches_per_request"), 2);  // a round of a version without that count
  round["load"]["throughput"]["completed_in_window"] = 50;
  EXPECT_EQ(metric_of(round, "server_switches_per_request"), 4);
  EXPECT_EQ(per_reply_in_window(600, round["load"]), 12);
  EXPECT_TRUE(per_reply_in_window(nullptr, round["load"]).is_null());
  EXPECT_TRUE(per_reply_in_window(600, nullptr).is_null());
  round["load"]["throughput"]["completed_in_window"] = 0;
  EXPECT_TRUE(per_reply_in_window(600, round["load"]).is_null());
}

// Would catch: a p99 that looks fine because the rounds in which it is infinite were left out.
TEST(Summary, IsNullWhereARoundLacksTheValue) {
  const Json summary = summary_of({round_with(1, 5), round_with(1, nullptr)}, "response_p99_ns");
  EXPECT_TRUE(summary["median"].is_null());
  EXPECT_THAT(summary["reason"].get<std::string>(), HasSubstr("only 1 of 2 rounds"));
}

TEST(Summary, IsNullWithAReasonWithoutRounds) {
  const Json summary = summary_of({round_with(1, 5, "failed")}, "throughput_per_s");
  EXPECT_TRUE(summary["median"].is_null());
  EXPECT_EQ(summary["reason"], "no round is ok");
}

TEST(Summary, JudgesACell) {
  const auto judge = [](const std::vector<Json>& rounds) {
    return judge_cell(pointers_to(rounds), static_cast<int>(rounds.size()));
  };
  const Json good = round_with(1, 1);
  const Json invalid = round_with(1, 1, "invalid");
  const Json failed = round_with(1, 1, "failed");
  EXPECT_EQ(judge({good, good, failed}).status, "measured");
  EXPECT_EQ(judge({good, failed, failed}).status, "invalid");
  EXPECT_EQ(judge({good, failed, failed}).reason, "only 1 of 3 rounds are ok: because");
  EXPECT_EQ(judge({failed, failed}).status, "failed");
  EXPECT_EQ(judge({invalid, failed}).status, "invalid");
  EXPECT_EQ(judge_cell({}, 2).status, "pending");
  EXPECT_EQ(judge_cell(pointers_to({}), 1).reason, "0 of 1 round is done");
}

}  // namespace
}  // namespace fanin::harness
