#include "harness/ab/ab.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "harness/ab/session.h"
#include "harness/ab/side.h"

namespace fanin::harness {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

Cell cell_with(const std::string& workload, const std::string& parameter, int value) {
  const Json document = Json::parse(
      R"({"schema":"fanin-suite","schema_version":2,"name":"t","repetitions":1,"servers":[{"name":"s","model":"epoll"}],
          "experiments":[{"name":"x","servers":["s"],"workload":)" +
      workload + R"(,"sweep":{"parameter":")" + parameter + R"(","values":[)" + std::to_string(value) + "]}}]}");
  return make_cells(parse_suite(document, "s.json")).front();
}

std::vector<std::string> names_of(const std::vector<TrackedMetric>& metrics) {
  std::vector<std::string> names;
  for (const TrackedMetric& metric : metrics) {
    names.push_back(metric.name);
  }
  return names;
}

TEST(Ab, FollowsWhatACellIsAbout) {
  EXPECT_THAT(names_of(choose_metrics(cell_with(R"({"protocol":"echo"})", "connections", 10), {})),
              ElementsAre("throughput_per_s", "server_cpu_per_request_ns"));
  EXPECT_THAT(names_of(choose_metrics(cell_with(R"({"protocol":"echo"})", "rate", 1000), {})),
              ElementsAre("server_cpu_per_request_ns", "response_p99_ns"));
  EXPECT_THAT(
      names_of(choose_metrics(cell_with(R"({"protocol":"echo","connections":1})", "idle_connections", 100), {})),
      ElementsAre("memory_total_bytes"));
}

TEST(Ab, BandsAreForAllMetricsOrForOne) {
  const Cell cell = cell_with(R"({"protocol":"echo"})", "connections", 10);
  AbOptions options;
  EXPECT_DOUBLE_EQ(choose_metrics(cell, options)[1].band, 0.01);
  options.bands = {"server_cpu_per_request_ns=0.5%", "3%"};
  EXPECT_DOUBLE_EQ(choose_metrics(cell, options)[0].band, 0.03);
  EXPECT_DOUBLE_EQ(choose_metrics(cell, options)[1].band, 0.005);
  for (const char* wrong : {"", "much", "-1%", "1%x", "no_metric=1%", "nan"}) {
    options.bands = {wrong};
    EXPECT_THROW(choose_metrics(cell, options), std::invalid_argument) << wrong;
  }
  options.bands = {};
  options.metrics = {"no_metric"};
  EXPECT_THROW(choose_metrics(cell, options), std::invalid_argument);
}

TEST(Ab, ABudgetBecomesUnits) {
  EXPECT_EQ(plan_session(60s, 1).max_units, 48U);
  EXPECT_EQ(plan_session(180s, 1).max_units, 90U);
  EXPECT_EQ(plan_session(1h, 1).max_units, 90U);
  EXPECT_EQ(plan_session(60s, 100).max_units, 1U);
  for (const net::Nanoseconds budget : {net::Nanoseconds(1s), net::Nanoseconds(60s), net::Nanoseconds(1h)}) {
    EXPECT_GE(plan_session(budget, 3).window, 50ms);
    EXPECT_GT(plan_session(budget, 3).warmup, 0ms);
  }
}

// 2 % more CPU with a little noise is found at the first look; the control shows nothing.
TEST(MetricTrack, DecidesAtALook) {
  const statistics::SequentialPlan plan = statistics::plan_looks(24, 0.01);
  MetricTrack track("x/s/10", {"server_cpu_per_request_ns", 0.01}, plan);
  for (std::size_t unit = 0; unit < plan.looks.front(); ++unit) {
    EXPECT_FALSE(track.decided());
    const double noise = unit % 2 == 0 ? 1.001 : 0.999;
    track.add({.base = 5000, .now = 5100 * noise, .control = 5000 * noise});
  }
  EXPECT_TRUE(track.decided());
  const MetricVerdict verdict = track.verdict();
  EXPECT_EQ(verdict.verdict, Verdict::kWorse);
  EXPECT_NEAR(verdict.ratio->ratio, 1.02, 1e-3);
  EXPECT_FALSE(verdict.control_failed);
  EXPECT_NEAR(verdict.control->ratio, 1, 1e-3);
  EXPECT_GT(*verdict.smallest_effect, 0.01);
  EXPECT_LT(*verdict.smallest_effect, 0.02);
}

// The copy of base is measured anyway: new is compared with the geometric mean of both, or with base if it has failed.
TEST(MetricTrack, BothCopiesOfBaseCount) {
  MetricTrack track("x/s/10", {"server_cpu_per_request_ns", 0.01}, statistics::plan_looks(24, 0.01));
  track.add({.base = 5000, .now = 5100, .control = 5000 * 1.02 * 1.02});
  track.add({.base = 5000, .now = 5100, .control = std::nullopt});
  EXPECT_NEAR(track.differences()[0], 0, 1e-12);
  EXPECT_NEAR(track.differences()[1], std::log(1.02), 1e-12);
}

// The bug of every gate before this: too few units are no evidence for either side.
TEST(MetricTrack, FewUnitsDecideNothing) {
  MetricTrack track("x/s/10", {"server_cpu_per_request_ns", 0.01}, statistics::plan_looks(24, 0.01));
  for (int unit = 0; unit < 3; ++unit) {
    track.add({.base = 5000, .now = 9000, .control = 5000});
  }
  EXPECT_EQ(track.verdict().verdict, Verdict::kUndecided);
  EXPECT_EQ(track.verdict().reason, "3 units are too few: give a longer --budget or fewer cells");
  EXPECT_FALSE(track.verdict().smallest_effect);
}

TEST(MetricTrack, AControlBeyondItsBandVoidsTheVerdict) {
  const statistics::SequentialPlan plan = statistics::plan_looks(11, 0.01);
  MetricTrack track("x/s/10", {"server_cpu_per_request_ns", 0.01}, plan);
  for (int unit = 0; unit < 11; ++unit) {
    track.add({.base = 5000, .now = 5100, .control = 5200});
  }
  EXPECT_TRUE(track.verdict().control_failed);
}

TEST(MetricTrack, UnitsWithoutBothSidesDoNotCount) {
  MetricTrack track("x/s/10", {"throughput_per_s", 0.02}, statistics::plan_looks(24, 0.01));
  track.add({.base = std::nullopt, .now = 5, .control = 5});
  track.add({.base = 5, .now = 0, .control = 5});
  EXPECT_TRUE(track.verdict().log_ratios.empty());
  EXPECT_EQ(track.verdict().reason, "no unit has this metric of both sides");
}

// The bug: of two command lines that begin with one word ("python3 a.py", "python3 b.py") only the first was watched
// for whether it uses a CPU while it is not driven.
TEST(Arm, ServersOfOneNameDifferInTheirCommandLine) {
  const auto arm = [](std::vector<std::string> args, std::vector<std::string> command, const char* program) {
    return Arm{{.name = "x", .model = "epoll", .args = std::move(args), .command = std::move(command)}, program};
  };
  const Arm one = arm({}, {}, "");
  EXPECT_EQ(one.command_line(), arm({}, {}, "").command_line());
  EXPECT_NE(one.command_line(), arm({"--spin"}, {}, "").command_line());
  EXPECT_NE(one.command_line(), arm({}, {"x", "b.py"}, "").command_line());
  EXPECT_NE(one.command_line(), arm({}, {}, "build/fanin-server").command_line());
}

Catalogue catalogue_of_epoll() {
  return Catalogue::parse(
      Json::parse(R"({"schema_version":1,"models":[{"name":"epoll","summary":"s","kind":"model","supported":true,
    "reason":null,"protocols":["echo"],"max_descriptor":null,"concurrency":null}]})"),
      "listing");
}

TEST(Side, IsAModelACommandOrOptions) {
  const Catalogue catalogue = catalogue_of_epoll();
  const ServerSpec suites{.name = "poll", .model = "poll", .args = {"--max-events", "4"}, .command = {}};
  const ServerSpec model = parse_side("epoll --read-cap 1024", catalogue).apply(suites);
  EXPECT_EQ(model.model, "epoll");
  EXPECT_THAT(model.args, ElementsAre("--read-cap", "1024"));
  EXPECT_THAT(parse_side("./mine -p {port}", catalogue).apply(suites).command, ElementsAre("./mine", "-p", "{port}"));
  EXPECT_THAT(parse_side("--read-cap 16", catalogue).apply(suites).args,
              ElementsAre("--max-events", "4", "--read-cap", "16"));
  EXPECT_EQ(parse_side("", catalogue).apply(suites).model, "poll");
  EXPECT_THROW(parse_side("epol", catalogue), std::invalid_argument);
  EXPECT_THROW(parse_side("/tmp", catalogue), std::invalid_argument);  // a folder without programs
  EXPECT_THROW(check_sides(parse_side("epoll", catalogue), parse_side("--read-cap 16", catalogue)),
               std::invalid_argument);
}

}  // namespace
}  // namespace fanin::harness
