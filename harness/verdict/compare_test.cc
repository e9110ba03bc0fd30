#include "harness/verdict/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "harness/verdict/compare_fixture.h"

namespace fanin::harness {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<Verdict> verdicts(const Judgement& judgement) {
  std::vector<Verdict> all;
  for (const MetricVerdict& metric : judgement.metrics) {
    all.push_back(metric.verdict);
  }
  return all;
}

const MetricVerdict& find_verdict(const Judgement& judgement, const std::string& cell, const std::string& metric) {
  for (const MetricVerdict& each : judgement.metrics) {
    if (each.cell == cell && each.metric == metric) {
      return each;
    }
  }
  throw std::out_of_range(cell + " " + metric);
}

TEST(Compare, FindsWhatIsBetterAndWorse) {
  const Json base = run_of(1000, 100, 10);
  const Judgement better = compare(base, run_of(1500, 50, 5));
  EXPECT_THAT(verdicts(better), ElementsAre(Verdict::kBetter, Verdict::kBetter, Verdict::kBetter));
  const Judgement worse = compare(base, run_of(600, 200, 20));
  EXPECT_THAT(verdicts(worse), ElementsAre(Verdict::kWorse, Verdict::kWorse, Verdict::kWorse));
  EXPECT_EQ(better.exit_code(), ExitCode::kPassed);
  EXPECT_EQ(worse.exit_code(), ExitCode::kRegression);
  EXPECT_EQ(compare(base, run_of(600, 50, 5)).exit_code(), ExitCode::kRegression);
}

// The bug: the drift between two runs of one commit was a regression, since rounds of one run do not show it.
TEST(Compare, OneRunASideAllowsForDrift) {
  const Judgement drifted = compare(run_of(1000, 100, 10), run_of(850, 118, 11.5));
  EXPECT_THAT(verdicts(drifted), ElementsAre(Verdict::kUndecided, Verdict::kUndecided, Verdict::kUndecided));
  EXPECT_EQ(drifted.exit_code(), ExitCode::kUndecided);
  const MetricVerdict& cpu = drifted.metrics.back();
  EXPECT_NEAR(std::log(cpu.ratio->interval->high / cpu.ratio->ratio), 1.96 * std::sqrt(2) * kCpuDrift, 0.01);
  EXPECT_GT(*cpu.smallest_effect, 0.4);
  EXPECT_THAT(drifted.procedure.method, HasSubstr("server_cpu_per_request_ns 10 %, from a table;"));
}

TEST(Compare, SeveralRunsASideAreTheUnits) {
  std::vector<Json> base;
  std::vector<Json> now;
  for (const double drift : {0.97, 0.99, 1.0, 1.02, 1.03}) {
    base.push_back(run_of(1000 * drift, 100 * drift, 10 * drift));
    now.push_back(run_of(700 * drift, 118 * drift, 10 * drift));
  }
  const Judgement judgement = compare_all(base, now);
  EXPECT_THAT(verdicts(judgement), ElementsAre(Verdict::kWorse, Verdict::kWorse, Verdict::kEquivalent));
  EXPECT_EQ(judgement.metrics.front().units, 5U);
  EXPECT_EQ(judgement.exit_code(), ExitCode::kRegression);
  EXPECT_THAT(judgement.procedure.method, HasSubstr("the unit is a run"));
  // Too few runs for an interval over them: their rounds are used, and less drift is allowed for than with one run.
  const Judgement few = compare_all({base[0], base[1]}, {now[0], now[1]});
  const auto width = [](const Judgement& each) {
    const statistics::Interval& interval = *each.metrics.front().ratio->interval;
    return std::log(interval.high / interval.low);
  };
  EXPECT_LT(width(few), 0.75 * width(compare(base[0], now[0])));
}

TEST(Compare, FindsMemoryPerIdleConnection) {
  const auto memory = [](const Json& base, const Json& now) { return compare(base, now).metrics.back(); };
  const MetricVerdict worse = memory(idle_run(1000), idle_run(3000));
  EXPECT_EQ(worse.cell, "m/epoll (per idle connection)");
  EXPECT_EQ(worse.metric, "memory_total_bytes");
  EXPECT_NEAR(*worse.base, 1002, 1e-6);  // the third of five blocks
  EXPECT_NEAR(worse.ratio->ratio, 3, 1e-9);
  EXPECT_EQ(worse.verdict, Verdict::kWorse);
  EXPECT_EQ(memory(idle_run(1000), idle_run(1010)).verdict, Verdict::kEquivalent);
}

// Would catch: verdicts from the windows of 0.1 s in which memory is read.
TEST(Compare, AnExperimentOnMemoryIsComparedForMemoryAlone) {
  EXPECT_EQ(compare(idle_run(1000, 1), idle_run(1000, 1)).metrics.size(), 1U);
  EXPECT_EQ(compare(idle_run(1000, 1), idle_run(1000, 1), {.metrics = {"throughput_per_s"}}).metrics.size(), 2U);
}

// Would catch: a gate that passes since the generator sent the rate that it was given.
TEST(Compare, AnOpenLoopIsNotComparedForItsRate) {
  Json run = run_of(1000, 100, 10);
  for (Json& round : run["rounds"]) {
    round["load"]["workload"]["loop"] = "open";
  }
  const Judgement judgement = compare(run, run);
  ASSERT_EQ(judgement.metrics.size(), 2U);
  EXPECT_EQ(judgement.metrics.front().metric, "response_p99_ns");
  Json silent = run;
  silent["rounds"][3]["load"]["throughput"]["requests_per_s"] = 0;
  EXPECT_EQ(compare(run, silent).exit_code(), ExitCode::kFailed);
}

// Would catch: the logarithm of a slope that noise has made negative.
TEST(Compare, LeavesOutSlopesThatAreNotAboveZero) {
  const Judgement judgement = compare(idle_run(-1), idle_run(1000));
  ASSERT_FALSE(judgement.notes.empty());
  EXPECT_THAT(judgement.notes.back(), HasSubstr("m/epoll"));
  EXPECT_EQ(judgement.metrics.back().metric, "server_cpu_per_request_ns");
}

// The bug: the same run twice was inconclusive nearly everywhere.
TEST(Compare, TheSameRunTwiceIsNoRegression) {
  const Judgement two = compare(run_of_two(2), run_of_two(2));
  for (const char* metric : {"throughput_per_s", "response_p99_ns", "server_cpu_per_request_ns"}) {
    const MetricVerdict& relative = find_verdict(two, "x/poll/10 (to epoll)", metric);
    EXPECT_EQ(relative.verdict, Verdict::kEquivalent);
    EXPECT_DOUBLE_EQ(relative.ratio->ratio, 1);
  }
  EXPECT_EQ(two.exit_code(), ExitCode::kPassed);
  EXPECT_NEAR(*find_verdict(two, "x/poll/10", "throughput_per_s").base, 500, 1e-9);
  EXPECT_EQ(compare(idle_run(1000), idle_run(1000)).exit_code(), ExitCode::kPassed);
  CompareOptions strict;
  strict.strict = true;
  EXPECT_EQ(compare(run_of_two(2), run_of_two(2), strict).exit_code(), ExitCode::kUndecided);
}

// The baseline that the suite names, else the first server.
TEST(Compare, RatiosToABaselineNeedLittleAllowanceForDrift) {
  Json base = run_of_two(1);
  Json now = run_of_two(1.1);
  const Judgement first = compare(base, now);
  EXPECT_EQ(find_verdict(first, "x/poll/10", "server_cpu_per_request_ns").verdict, Verdict::kUndecided);
  const MetricVerdict& relative = find_verdict(first, "x/poll/10 (to epoll)", "server_cpu_per_request_ns");
  EXPECT_EQ(relative.verdict, Verdict::kWorse);
  EXPECT_THAT(relative.reason, HasSubstr("a change that epoll shares cancels out"));
  EXPECT_EQ(relative.unit, "1");
  EXPECT_NEAR(*relative.now, 1.1, 1e-9);
  for (Json* run : {&base, &now}) {
    (*run)["suite"]["experiments"] = {{{"name", "x"}, {"baseline", "poll"}}};
  }
  EXPECT_EQ(find_verdict(compare(base, now), "x/epoll/10 (to poll)", "server_cpu_per_request_ns").verdict,
            Verdict::kBetter);
}

// Would catch: interleaved servers judged by the drift of servers that are measured one after the other.
TEST(Compare, TheDriftIsThatOfTheDesign) {
  const Json table{{"source", "a table"},
                   {"rounds", {{"log_deviations", {{"x", 0.5}}}, {"ratio_log_deviations", {{"x", 0.5}}}}},
                   {"interleaved", {{"log_deviations", {{"x", 0.01}}}, {"ratio_log_deviations", {{"x", 0.01}}}}}};
  const DriftTable drift(table);
  Json base = run_of(1000, 100, 10);
  Json now = run_of(600, 200, 20);
  EXPECT_THAT(verdicts(compare_runs({base}, {now}, {}, drift)), Each(Verdict::kUndecided));
  for (Json* run : {&base, &now}) {
    (*run)["suite"]["experiments"] = Json::array({{{"name", "x"}, {"design", "interleaved"}}});
  }
  EXPECT_THAT(verdicts(compare_runs({base}, {now}, {}, drift)), Each(Verdict::kWorse));
}

TEST(Compare, OptionsChooseMetricsAndBands) {
  const CompareOptions options{.metrics = {"server_cpu_per_request_ns"},
                               .bands = {"1%", "server_cpu_per_request_ns=20%"}};
  const Judgement judgement = compare(run_of_two(1), run_of_two(1.1), options);
  EXPECT_EQ(judgement.metrics.size(), 3U);
  EXPECT_EQ(judgement.metrics.back().band, 0.2);
  EXPECT_EQ(judgement.metrics.back().verdict, Verdict::kEquivalent);
  EXPECT_THROW(compare(run_of_two(1), run_of_two(1), {.metrics = {"speed"}}), std::invalid_argument);
  EXPECT_THROW(compare(run_of_two(1), run_of_two(1), {.bands = {"speed=1%"}}), std::invalid_argument);
  EXPECT_THROW(compare(run_of_two(1), run_of_two(1), {.bands = {"wide"}}), std::invalid_argument);
}

// The bug: a comparison without any interval, of a server that had become five times slower, passed the build.
TEST(Compare, TooFewRoundsDecideNothing) {
  const auto first_two_rounds = [](Json run) {
    run["rounds"].erase(run["rounds"].begin() + 2, run["rounds"].end());
    return run;
  };
  const Judgement judgement = compare(first_two_rounds(run_of(1000, 100, 10)), first_two_rounds(run_of(200, 500, 50)));
  EXPECT_EQ(judgement.metrics[0].verdict, Verdict::kUndecided);
  EXPECT_FALSE(judgement.metrics[0].ratio->interval);
  EXPECT_NEAR(judgement.metrics[0].ratio->ratio, 0.2, 0.01);
  EXPECT_THAT(judgement.metrics[0].reason, HasSubstr("2 rounds of base and 2 rounds of new are too few"));
  EXPECT_EQ(judgement.exit_code(), ExitCode::kUndecided);
}

// The bug: a cell whose server stopped in the window, so that its rounds were warnings or invalid, was compared like
// any other and looked better.
TEST(Compare, MarksCellsWhoseRoundsAreNotAllValid) {
  const Json base = run_of(1000, 100, 10);
  EXPECT_EQ(compare(base, base).metrics.front().reason, "");
  Json other = run_of(1000, 50, 10);
  other["rounds"][1]["load"]["verdict"] = {
      {"status", "warning"},
      {"reasons", Json::array({{{"code", "failed-requests"}, {"text", "3 of 9 requests failed"}}})}};
  other["rounds"][2]["status"] = "invalid";
  other["rounds"][2]["reason"] = "late";
  other["rounds"].erase(4);
  const Judgement judgement = compare(base, other);
  EXPECT_THAT(judgement.metrics.front().reason, HasSubstr("not all rounds behind it are valid"));
  EXPECT_THAT(judgement.notes,
              ElementsAre("x/epoll/10 in new: 1 of 5 rounds: warning: failed-requests: 3 of 9 requests failed; 1 of 5 "
                          "rounds: invalid: late; 1 of 5 rounds: missing"));
  EXPECT_THAT(describe_judgement(judgement), HasSubstr(judgement.notes.front()));
}

// Would catch: a comparison of runs on a machine that other programs used, which does not say so.
TEST(Compare, SaysHowManyRoundsRanOnABusyMachine) {
  Json busy = run_of(1000, 100, 10);
  busy["rounds"][1]["load"]["verdict"] = {
      {"status", "warning"}, {"reasons", Json::array({{{"code", "busy-machine"}, {"text", "the server waited"}}})}};
  const Json calm = run_of(1000, 100, 10);
  EXPECT_THAT(compare(calm, busy).notes.front(), HasSubstr("new: 1 of 5 rounds on a busy machine"));
  EXPECT_THAT(compare(calm, calm).notes, ElementsAre());
}

// The bug: "false alarms: not measured: run fanin selftest", which measures fanin ab.
TEST(Compare, TheReceiptSaysWhatItsFalseAlarmsRestOn) {
  const Json run = run_of(1000, 100, 10);
  const std::string text = describe_judgement(compare(run, run));
  EXPECT_THAT(text, HasSubstr("at most 5 % of the changes that it reports, if runs of one commit differ no more than "
                              "results/selftest/drift.json says"));
  EXPECT_THAT(text, Not(HasSubstr("not measured")));
}

// The bug: a server that does not work any more dropped out of the comparison, and the exit code was 0.
TEST(Compare, ACellThatIsLostFails) {
  const Json base = run_of_two(1);
  const auto expect_fault = [&](const Json& lost, const std::string& status) {
    const Judgement judgement = compare(base, lost);
    ASSERT_EQ(judgement.faults.size(), 1U) << status;
    EXPECT_EQ(judgement.faults.front().cell, "x/epoll/10");
    EXPECT_EQ(judgement.faults.front().status, status);
    EXPECT_FALSE(judgement.faults.front().reason.empty());
    EXPECT_EQ(judgement.exit_code(), ExitCode::kFailed) << status;
    EXPECT_EQ(exit_code_for_bisect(judgement.exit_code()), 125);
    const Judgement reverse = compare(lost, base);
    EXPECT_THAT(reverse.faults, IsEmpty()) << status;
    EXPECT_FALSE(reverse.notes.empty()) << status;
    const Json document = judgement_to_json(judgement);
    EXPECT_EQ(judgement_to_json(judgement_from_json(JsonReader(document, "v.json"))), document);
  };
  for (const char* status : {"failed", "invalid", "pending", "unsupported"}) {
    Json lost = base;
    lost["cells"][0]["status"] = status;
    lost["cells"][0]["reason"] = std::string(status) == "failed" ? Json("the server ended") : Json(nullptr);
    expect_fault(lost, status);
  }
  Json missing = base;
  missing["cells"].erase(0);
  expect_fault(missing, "missing");
  Json silent = base;
  silent["rounds"][3]["load"]["throughput"]["requests_per_s"] = 0;
  expect_fault(silent, "zero");
  EXPECT_THAT(describe_judgement(compare(base, silent)), HasSubstr("x/epoll/10: zero: throughput_per_s: 0 in 1 round"));
  EXPECT_EQ(compare(base, silent, {.metrics = {"response_p99_ns"}}).exit_code(), ExitCode::kFailed);
  Json uncompleted = base;
  uncompleted["rounds"][3]["load"]["latency"]["response"] = {{"uncompleted", 20}, {"percentiles", {{"p99", nullptr}}}};
  expect_fault(uncompleted, "failed");
  Json few = base;  // too few samples for this percentile: nothing that the server did
  few["rounds"][3]["load"]["latency"]["response"] = {{"uncompleted", 0}, {"percentiles", {{"p99", nullptr}}}};
  EXPECT_EQ(compare(base, few).exit_code(), ExitCode::kPassed);
}

// Would catch: a cell that fails in one of several runs, which the others hide.
TEST(Compare, ACellThatIsLostInOneOfSeveralRunsFails) {
  const Json good = run_of_two(1);
  Json lost = good;
  lost["cells"][0]["status"] = "invalid";
  EXPECT_EQ(compare_all({good, good}, {good, lost}).faults.size(), 1U);
  const Judgement both = compare_all({good, lost}, {good, lost});
  EXPECT_THAT(both.faults, IsEmpty());
  EXPECT_THAT(both.notes.front(), HasSubstr("x/epoll/10: not measured in 1 of 2 runs of base: invalid"));
  Json unsupported = good;
  unsupported["cells"][0]["status"] = "unsupported";
  EXPECT_THAT(compare(unsupported, unsupported).faults, IsEmpty());
}

// Would catch: an A/A control that is measured and not used.
TEST(Compare, AControlOutsideItsBandVoidsTheVerdict) {
  Json base = run_of(1000, 100, 10);
  add_rounds(base, "x/epoll/10/aa", 1000, 100, 10);
  Json now = run_of(1000, 100, 10);
  add_rounds(now, "x/epoll/10/aa", 1000, 100, 12);
  EXPECT_DOUBLE_EQ(compare(base, base).metrics.front().control->ratio, 1);
  EXPECT_FALSE(compare(base, base).metrics.back().control_failed);
  EXPECT_TRUE(compare(now, now).metrics.back().control_failed);
  EXPECT_EQ(compare(now, now).exit_code(), ExitCode::kFailed);
}

TEST(Compare, RunsThatAreNotComparableHaveNoVerdicts) {
  const Json base = run_of(1000, 100, 10);
  Json other = base;
  other["placement"]["mode"] = "shared";
  const Judgement judgement = compare_all({base}, {base, other});
  EXPECT_EQ(judgement.obstacles.size(), 1U);
  EXPECT_THAT(judgement.metrics, IsEmpty());
  EXPECT_EQ(judgement.exit_code(), ExitCode::kNotComparable);
}

}  // namespace
}  // namespace fanin::harness
