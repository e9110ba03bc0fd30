#include "harness/verdict/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace fanin::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Json round_of(const std::string& cell, double throughput, double p99, double cpu) {
  return {{"cell", cell},
          {"status", "ok"},
          {"load",
           {{"workload", {{"loop", "closed"}, {"connections", 10}, {"seed", throughput}}},
            {"throughput", {{"requests_per_s", throughput}}},
            {"latency", {{"response", {{"percentiles", {{"p99", p99}}}}}}}}},
          {"server", {{"cpu_per_request_ns", cpu}}}};
}

// A run of one cell with five rounds that scatter by 2 % around the given values.
Json run_of(double throughput, double p99, double cpu) {
  Json run{{"schema", "fanin-run"},
           {"schema_version", 2},
           {"environment",
            {{"start",
              {{"cpu", {{"model", "X"}}},
               {"hypervisor", nullptr},
               {"clocksource", "tsc"},
               {"kernel", {{"release", "6.1"}}},
               {"load", {{"averages", {throughput}}}},
               {"binaries", {{"fanin-load_sha256", "aa"}}},
               {"build", {{"build_type", "Release"}}}}}}},
           {"placement", {{"mode", "split"}}},
           {"suite", {{"repetitions", 5}}},
           {"cells",
            {{{"id", "x/epoll/10"}, {"role", "measure"}, {"status", "measured"}, {"reason", nullptr}},
             {{"id", "x/epoll/10/aa"}, {"role", "aa"}, {"status", "measured"}, {"reason", nullptr}}}},
           {"rounds", Json::array()}};
  for (const double factor : {0.98, 0.99, 1.0, 1.01, 1.02}) {
    run["rounds"].push_back(round_of("x/epoll/10", throughput * factor, p99 * factor, cpu * factor));
  }
  return run;
}

std::vector<Verdict> verdicts(const Json& first, const Json& second) {
  std::vector<Verdict> all;
  for (const MetricComparison& metric : compare_runs(first, second, {}).metrics) {
    all.push_back(metric.verdict);
  }
  return all;
}

TEST(Compare, FindsWhatIsBetterAndWorse) {
  const Json base = run_of(1000, 100, 10);
  EXPECT_THAT(verdicts(base, run_of(1500, 50, 5)), ElementsAre(Verdict::kBetter, Verdict::kBetter, Verdict::kBetter));
  EXPECT_THAT(verdicts(base, run_of(700, 200, 20)), ElementsAre(Verdict::kWorse, Verdict::kWorse, Verdict::kWorse));
  EXPECT_FALSE(compare_runs(base, run_of(1500, 50, 5), {}).any_worse());
  EXPECT_TRUE(compare_runs(base, run_of(700, 50, 5), {}).any_worse());
}

// A run of a sweep whose memory grows by `each` bytes per idle connection, a little more in every block.
Json idle_run(double each) {
  Json run = run_of(1, 1, 1);
  run["cells"] = Json::array();
  run["rounds"] = Json::array();
  for (const int idle : {0, 100}) {
    const std::string id = "m/epoll/" + std::to_string(idle);
    run["cells"].push_back({{"id", id},
                            {"experiment", "m"},
                            {"server", "epoll"},
                            {"parameter", "idle_connections"},
                            {"value", idle},
                            {"role", "measure"},
                            {"status", "measured"},
                            {"reason", nullptr}});
    for (int block = 0; block < 5; ++block) {
      Json round = round_of(id, 1000 + block, 100 + block, 10 + 0.1 * block);
      round["block"] = block;
      round["server"].update({{"pss_bytes", 1e6}, {"page_table_bytes", 5000}, {"kernel_stack_bytes", 16384}});
      round["machine"]["slab_bytes"] = idle * each * (1 + 0.001 * block);
      run["rounds"].push_back(std::move(round));
    }
  }
  return run;
}

TEST(Compare, FindsMemoryPerIdleConnection) {
  const auto memory = [](const Json& first, const Json& second) {
    const Comparison comparison = compare_runs(first, second, {});
    return comparison.metrics.empty() ? MetricComparison{} : comparison.metrics.back();
  };
  const MetricComparison worse = memory(idle_run(1000), idle_run(3000));
  EXPECT_EQ(worse.cell, "m/epoll");
  EXPECT_EQ(worse.metric, "memory/idle_connection");
  EXPECT_NEAR(worse.first, 1002, 1e-6);  // the third of five blocks
  EXPECT_NEAR(worse.ratio, 3, 1e-9);
  EXPECT_EQ(worse.verdict, Verdict::kWorse);
  EXPECT_EQ(memory(idle_run(1000), idle_run(1010)).verdict, Verdict::kEquivalent);
}

// Would catch: the logarithm of a slope that noise has made negative.
TEST(Compare, LeavesOutSlopesThatAreNotAboveZero) {
  const Comparison comparison = compare_runs(idle_run(-1), idle_run(1000), {});
  ASSERT_FALSE(comparison.uncompared.empty());
  EXPECT_EQ(comparison.uncompared.back().cell, "m/epoll");
  EXPECT_EQ(comparison.metrics.back().metric, "server_cpu_per_request_ns");
}

TEST(Compare, FindsARunEquivalentToItself) {
  const Json base = run_of(1000, 100, 10);
  EXPECT_THAT(verdicts(base, base), ElementsAre(Verdict::kEquivalent, Verdict::kEquivalent, Verdict::kEquivalent));
  const Comparison comparison = compare_runs(base, base, {});
  EXPECT_DOUBLE_EQ(comparison.metrics[0].ratio, 1);
  EXPECT_EQ(comparison.metrics[0].first, 1000);
}

// Would catch: a verdict without an interval behind it.
TEST(Compare, IsInconclusiveWithTooFewRounds) {
  Json few = run_of(1000, 100, 10);
  few["rounds"].erase(few["rounds"].begin() + 2, few["rounds"].end());
  Json other = run_of(5000, 100, 10);
  other["rounds"].erase(other["rounds"].begin() + 2, other["rounds"].end());
  const Comparison comparison = compare_runs(few, other, {});
  EXPECT_EQ(comparison.metrics[0].verdict, Verdict::kUndecided);
  EXPECT_FALSE(comparison.metrics[0].interval);
  EXPECT_NEAR(comparison.metrics[0].ratio, 5, 0.1);
}

TEST(Compare, JudgesByTheWholeInterval) {
  EXPECT_EQ(judge_ratio(Interval{1.06, 1.2, 0.95}, 0.05, true), Verdict::kBetter);
  EXPECT_EQ(judge_ratio(Interval{1.06, 1.2, 0.95}, 0.05, false), Verdict::kWorse);
  EXPECT_EQ(judge_ratio(Interval{1.04, 1.2, 0.95}, 0.05, true), Verdict::kUndecided);
  EXPECT_EQ(judge_ratio(Interval{0.96, 1.04, 0.95}, 0.05, true), Verdict::kEquivalent);
  EXPECT_EQ(judge_ratio(Interval{0.8, 0.9, 0.95}, 0.05, true), Verdict::kWorse);
  EXPECT_EQ(judge_ratio(Interval{0.8, 0.9, 0.95}, 0.05, false), Verdict::kBetter);
}

// Would catch: a server that does not work any more and drops out of the comparison instead of failing it.
TEST(Compare, CountsANewFailureAsWorse) {
  const Json base = run_of(1000, 100, 10);
  Json broken = base;
  broken["cells"][0]["status"] = "failed";
  broken["cells"][0]["reason"] = "the server ended by itself: exit code 1";
  EXPECT_TRUE(compare_runs(base, broken, {}).any_worse());
  EXPECT_FALSE(compare_runs(broken, base, {}).any_worse());
}

// The bug: a cell whose server stopped in the window, so that its rounds were warnings or invalid, was compared like
// any other and looked better.
TEST(Compare, MarksCellsWhoseRoundsAreNotAllValid) {
  const Json base = run_of(1000, 100, 10);
  EXPECT_FALSE(compare_runs(base, base, {}).metrics.front().marked);
  Json other = run_of(1000, 50, 10);
  other["rounds"][1]["load"]["verdict"] = {
      {"status", "warning"},
      {"reasons", Json::array({{{"code", "failed-requests"}, {"text", "3 of 9 requests failed"}}})}};
  other["rounds"][2]["status"] = "invalid";
  other["rounds"][2]["reason"] = "late";
  other["rounds"].erase(4);
  const Comparison comparison = compare_runs(base, other, {});
  EXPECT_TRUE(comparison.metrics.front().marked);
  EXPECT_THAT(comparison.notes,
              ElementsAre("x/epoll/10 in the second run: 1 of 5 rounds: warning: failed-requests: 3 "
                          "of 9 requests failed; 1 of 5 rounds: invalid: late; 1 of 5 rounds: missing"));
  const std::string text = describe_comparison(comparison);
  EXPECT_THAT(text, HasSubstr("better !\n"));
  EXPECT_THAT(text, HasSubstr(comparison.notes.front()));
}

// The bug: exit code 0 for a cell that turned invalid, that is missing, or whose server answers nothing any more.
TEST(Compare, CountsACellThatIsLostAsWorse) {
  const Json base = run_of(1000, 100, 10);
  for (const char* status : {"invalid", "pending", "unsupported"}) {
    Json lost = base;
    lost["cells"][0]["status"] = status;
    lost["cells"][0]["reason"] = "because";
    EXPECT_TRUE(compare_runs(base, lost, {}).any_worse()) << status;
    EXPECT_FALSE(compare_runs(lost, base, {}).any_worse()) << status;
  }
  Json missing = base;
  missing["cells"].erase(0);
  EXPECT_TRUE(compare_runs(base, missing, {}).any_worse());
  EXPECT_FALSE(compare_runs(missing, base, {}).any_worse());
  Json silent = base;
  silent["rounds"][3]["load"]["throughput"]["requests_per_s"] = 0;
  EXPECT_TRUE(compare_runs(base, silent, {}).any_worse());
  EXPECT_FALSE(compare_runs(silent, base, {}).any_worse());
  EXPECT_THAT(describe_comparison(compare_runs(base, silent, {})),
              HasSubstr("throughput_per_s: 0 in 1 round of the second run (counts as WORSE)"));
  Json uncompleted = base;
  uncompleted["rounds"][3]["load"]["latency"]["response"] = {{"uncompleted", 20}, {"percentiles", {{"p99", nullptr}}}};
  EXPECT_TRUE(compare_runs(base, uncompleted, {}).any_worse());
  Json few = base;  // too few samples for this percentile: nothing that the server did
  few["rounds"][3]["load"]["latency"]["response"] = {{"uncompleted", 0}, {"percentiles", {{"p99", nullptr}}}};
  EXPECT_FALSE(compare_runs(base, few, {}).any_worse());
}

TEST(Compare, RefusesWhatIsNotComparable) {
  const Json base = run_of(1000, 100, 10);
  EXPECT_THAT(obstacles(base, base, {}), IsEmpty());
  const auto obstacle = [&](const std::function<void(Json&)>& change, const CompareOptions& options = {}) {
    Json other = base;
    change(other);
    const std::vector<std::string> all = obstacles(base, other, options);
    return all.empty() ? "none" : all.front();
  };
  EXPECT_EQ(obstacle([](Json& run) { run["environment"]["start"]["cpu"]["model"] = "Y"; }),
            "CPU model differs: \"X\" and \"Y\"");
  EXPECT_THAT(obstacle([](Json& run) { run["environment"]["start"]["hypervisor"] = "KVM"; }), HasSubstr("hypervisor"));
  EXPECT_THAT(obstacle([](Json& run) { run["environment"]["start"]["clocksource"] = "hpet"; }), HasSubstr("clock"));
  EXPECT_THAT(obstacle([](Json& run) { run["placement"]["mode"] = "shared"; }), HasSubstr("placement"));
  EXPECT_THAT(obstacle([](Json& run) { run["environment"]["start"]["build"]["build_type"] = "Debug"; }),
              HasSubstr("build type"));
  const auto other_generator = [](Json& run) { run["environment"]["start"]["binaries"]["fanin-load_sha256"] = "bb"; };
  EXPECT_THAT(obstacle(other_generator), HasSubstr("fanin-load"));
  CompareOptions vary;
  vary.vary = "generator";
  EXPECT_EQ(obstacle(other_generator, vary), "none");
  const auto change_workloads = [](const char* key, const Json& value) {
    return [key, value](Json& run) {
      for (Json& round : run["rounds"]) {
        round["load"]["workload"][key] = value;
      }
    };
  };
  EXPECT_EQ(obstacle(change_workloads("loop", "open")), "loop of x/epoll/10 differs: \"closed\" and \"open\"");
  EXPECT_THAT(obstacle(change_workloads("connections", 11)),
              HasSubstr("workload of x/epoll/10 differs: connections 10 and 11"));
  EXPECT_THAT(obstacle([](Json& run) { run["rounds"].clear(); }), HasSubstr("no measured cell in common"));
}

TEST(Compare, NotesWhatElseDiffers) {
  const Json base = run_of(1000, 100, 10);
  Json other = run_of(2000, 100, 10);  // another load average, which changes by itself
  EXPECT_THAT(environment_differences(base, other), IsEmpty());
  other["environment"]["start"]["kernel"]["release"] = "6.18";
  EXPECT_THAT(environment_differences(base, other), ElementsAre("kernel/release: \"6.1\" -> \"6.18\""));
}

}  // namespace
}  // namespace fanin::harness
