#include "harness/selftest/session_records.h"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/selftest/loop_cost.h"

namespace fanin::harness {
namespace {

const Scenario& cpu_scenario() { return selftest_scenarios().front(); }

// A session of 11 units: base and control differ by `control`, base and new by `change`, both with a little noise.
Judgement judgement_with(double change, double control) {
  std::vector<double> ratios;
  std::vector<double> controls;
  for (int unit = 0; unit < 11; ++unit) {
    const double noise = 0.0005 * (unit - 5);
    ratios.push_back(std::log(change) + noise);
    controls.push_back(std::log(control) - noise);
  }
  Judgement judgement{.kind = "ab", .base = "base", .now = "new"};
  judgement.procedure = {.method = "m", .error_rate = 0.01, .looks = {11}, .false_alarms = "not measured"};
  judgement.metrics.push_back(
      {.cell = "x/s/50",
       .metric = "server_cpu_per_request_ns",
       .unit = "ns",
       .band = 0.01,
       .base = 5000,
       .now = 5000 * change,
       .ratio = RatioEstimate{change, statistics::Interval{change - 0.004, change + 0.004, 0.99}},
       .verdict = change > 1.014 ? Verdict::kWorse : Verdict::kEquivalent,
       .units = 11,
       .log_ratios = ratios,
       .control_log_ratios = controls});
  return judgement;
}

TEST(SessionRecords, TheControlIsAnAAComparison) {
  const Json quiet = session_record(cpu_scenario(), "epoll", judgement_with(1.02, 1.0), 27, std::nullopt);
  EXPECT_EQ(quiet["verdict"], "worse");
  EXPECT_EQ(quiet["control_alarm"], false);
  EXPECT_EQ(quiet["control_alarm_without_band"], false);
  EXPECT_EQ(quiet["control_covers"], true);
  // 0.7 % is within the band of 1 %, and no two copies of one server differ by it.
  const Json biased = session_record(cpu_scenario(), "epoll", judgement_with(1.02, 1.007), 27, std::nullopt);
  EXPECT_EQ(biased["control_alarm"], false);
  EXPECT_EQ(biased["control_alarm_without_band"], true);
  EXPECT_EQ(biased["control_covers"], false);
  EXPECT_EQ(session_record(cpu_scenario(), "epoll", judgement_with(1.02, 1.03), 27, std::nullopt)["control_alarm"],
            true);
}

// Clopper and Pearson: 9 of 10 is [0.555, 0.9975] at 95 %; 0 of 11 is at most 0.2384 (one-sided), 1 - 0.05^(1/11).
TEST(SessionRecords, ShowsPowerAndFalseAlarmsWithTheirBounds) {
  std::vector<Json> sessions;
  for (int i = 0; i < 10; ++i) {
    sessions.push_back(
        session_record(cpu_scenario(), "epoll", judgement_with(i < 9 ? 1.02 : 1.0, 1.0), 27, std::nullopt));
  }
  sessions.push_back(session_record(cpu_scenario(), "thread", judgement_with(1.02, 1.0), 60, std::nullopt));
  const Json summary = summarise_sessions(sessions);
  ASSERT_EQ(summary["power"].size(), 2U);
  const Json& epoll = summary["power"][0];
  EXPECT_EQ(epoll["found"]["count"], 9);
  EXPECT_EQ(epoll["found"]["of"], 10);
  EXPECT_NEAR(epoll["found"]["low"].get<double>(), 0.5550, 1e-4);
  EXPECT_NEAR(epoll["found"]["high"].get<double>(), 0.9975, 1e-4);
  EXPECT_NEAR(epoll["median_ratio"].get<double>(), 1.02, 1e-9);
  EXPECT_EQ(summary["false_alarms"]["count"], 0);
  EXPECT_EQ(summary["false_alarms"]["of"], 11);
  EXPECT_NEAR(summary["false_alarms_at_most"].get<double>(), 1 - std::pow(0.05, 1.0 / 11), 1e-9);
}

// Would catch: a session without a result counted as one that found nothing, or as one without an alarm.
TEST(SessionRecords, AFaultIsNoEvidence) {
  Judgement failed{.kind = "ab", .base = "base", .now = "new"};
  failed.faults.push_back({"x/s/50", "failed", "base: the server ended"});
  const Json record = session_record(cpu_scenario(), "epoll", failed, 3, std::nullopt);
  EXPECT_EQ(record["verdict"], "fault");
  const Json summary = summarise_sessions({record});
  EXPECT_TRUE(summary["power"].empty());
  EXPECT_TRUE(summary["false_alarms"].is_null());
}

// Would catch: an interval of fanin ab that is too narrow, or a pilot that is wrong, which would pass for a low power.
TEST(SessionRecords, AnIntervalIsComparedWithTheExpectedEffect) {
  const RatioEstimate near{1.02, statistics::Interval{1.019, 1.021, 0.95}};
  const RatioEstimate far{1.03, statistics::Interval{1.029, 1.031, 0.95}};
  const Json covering = session_record(cpu_scenario(), "epoll", judgement_with(1.021, 1.0), 27, near);
  const Json missing = session_record(cpu_scenario(), "epoll", judgement_with(1.021, 1.0), 27, far);
  const RatioEstimate vague{1.03, statistics::Interval{1.02, 1.04, 0.95}};  // wider than the session's interval
  const Json unknown = session_record(cpu_scenario(), "epoll", judgement_with(1.021, 1.0), 27, vague);
  EXPECT_EQ(covering["covers_expected"], true);
  EXPECT_EQ(covering["expected"]["high"], 1.021);
  EXPECT_EQ(missing["covers_expected"], false);
  EXPECT_FALSE(unknown.contains("covers_expected"));
  EXPECT_EQ(unknown["expected"]["low"], 1.02);
  const Json summary = summarise_sessions({covering, missing});
  EXPECT_EQ(summary["coverage_of_effect_intervals"]["count"], 1);
  EXPECT_EQ(summary["coverage_of_effect_intervals"]["of"], 2);
  EXPECT_NEAR(summary["power"][0]["median_expected"].get<double>(), 1.025, 1e-12);
}

// 400 more loops cost 10 %, so 80 cost 2 %. Replies per second fall by
// the inverse.
TEST(LoopCost, TimePerRequestIsLinearInTheLoops) {
  const LoopCost cost{400, std::vector<double>(8, std::log(1.1)), std::vector<double>(8, -std::log(1.1))};
  EXPECT_EQ(cost.loops_for(0.02), 80U);
  EXPECT_NEAR(cost.expect("server_cpu_per_request_ns", 80)->ratio, 1.02, 1e-12);
  EXPECT_NEAR(cost.expect("throughput_per_s", 80)->ratio, 1 / 1.02, 1e-12);
  EXPECT_THROW((LoopCost{400, {-0.01, 0.0, -0.02}, {}}.loops_for(0.02)), std::runtime_error);
}

// Would catch: an interval whose ends are the wrong way round because a rate falls.
TEST(LoopCost, TheErrorOfThePilotIsAnInterval) {
  LoopCost cost{400, {}, {}};
  for (int unit = 0; unit < 8; ++unit) {
    cost.cpu.push_back(std::log(1.1) + 0.001 * (unit - 3.5));
    cost.throughput.push_back(-cost.cpu.back());
  }
  for (const char* metric : {"server_cpu_per_request_ns", "throughput_per_s"}) {
    const RatioEstimate expected = *cost.expect(metric, 80);
    EXPECT_LT(expected.interval->low, expected.ratio) << metric;
    EXPECT_GT(expected.interval->high, expected.ratio) << metric;
    EXPECT_LT(expected.interval->high - expected.interval->low, 0.002) << metric;
  }
}

}  // namespace
}  // namespace fanin::harness
