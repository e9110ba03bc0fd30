// Searches for a rate with made-up runs: no sockets.
#include <gtest/gtest.h>

#include <stdexcept>

#include "loadgen/experiments/experiment.h"
#include "loadgen/experiments/experiment_fixture.h"

namespace fanin::load {
namespace {

// A generator that cannot keep a schedule, whatever the rate.
Outcome always_late(const LoadOptions& options, const std::string& which) {
  Outcome outcome = simulated(options, which);
  if (outcome.plan.rate_per_s) {
    outcome.verdict.status = Status::kInvalid;
    outcome.verdict.reasons = {{ReasonCode::kLateSends, "late"}};
    outcome.verdict.late = true;
  }
  return outcome;
}

class SearchRunTest : public ExperimentTest {};

TEST_F(SearchRunTest, TheSearchFindsTheBendAndSaysWhatBoundedIt) {
  EXPECT_EQ(search("p99<2ms"), 0);
  EXPECT_NEAR(json_["rate_per_s"].get<double>(), 8000, 160);
  EXPECT_LE(json_["rate_per_s"].get<double>(), 8000);
  EXPECT_EQ(json_["bound"], "p99 was 10.0 ms");
  // p99 takes 1000 samples, with a margin 1200: at 600/s the whole duration, at 1200/s and more a second.
  EXPECT_EQ(json_["probes"][0]["rate_per_s"], 600);
  EXPECT_EQ(json_["probes"][0]["result"]["workload"]["duration_ns"], 2'000'000'000);
  EXPECT_EQ(json_["probes"][1]["result"]["workload"]["duration_ns"], 1'000'000'000);
  EXPECT_EQ(json_["confirming"]["workload"]["duration_ns"], 2'000'000'000);
}

TEST_F(SearchRunTest, TheSearchIsBoundedByALateSchedule) {
  EXPECT_EQ(search("p99<1s"), 0);
  EXPECT_NEAR(json_["rate_per_s"].get<double>(), 10'000, 200);
  EXPECT_EQ(json_["bound"], "the run is invalid: late");
}

TEST_F(SearchRunTest, ASearchWithoutARateFails) {
  EXPECT_EQ(search("p99<1us"), 1);
  EXPECT_TRUE(json_["rate_per_s"].is_null());
  EXPECT_TRUE(json_["confirming"].is_null());
  EXPECT_EQ(json_["bound"], "p99 was 1.00 ms");
}

// The bug: two probes at the lowest rate whose samples fit into the window, exit code 1, and not a word of the window.
TEST_F(SearchRunTest, ASearchThatNeedsALongerWindowSaysHowLong) {
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(search("p99<1us"), 1);
  EXPECT_EQ(json_["probes"].size(), 2U);  // p99 takes 1000 samples, 1200 with a margin: in 2 s at 600/s
  EXPECT_EQ(json_["reason"],
            "no rate below 600/s can be tried: p99 takes 1000 requests and some more, which do not fit into --duration "
            "2s; give --duration 4s");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "fanin-load: the search ended after 2 probes: " + json_["reason"].get<std::string>() + "\n");
  options_.duration = std::chrono::seconds(120);  // from 500/s on ten halvings, none of which this window ends
  EXPECT_EQ(search("p50<1us"), 1);
  EXPECT_TRUE(json_["reason"].is_null());
  EXPECT_EQ(search("p50<2ms"), 0);
  EXPECT_TRUE(json_["reason"].is_null());
}

// Would catch: rates that are searched on and on although nobody answers any more, and one given as the answer.
TEST_F(SearchRunTest, ASearchKeepsItsProbesWhenTheServerDies) {
  int runs = 0;
  const auto dying = [&runs](const LoadOptions& options, const std::string& which) {
    Outcome outcome = simulated(options, which);
    outcome.result.unreachable = ++runs == 4 ? "no connection came up" : "";
    return outcome;
  };
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(search("p99<2ms", dying), 1);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "fanin-load: the search ended after 2 probes: no connection came up\n");
  EXPECT_EQ(json_["reason"], "no connection came up");
  EXPECT_EQ(json_["bound"], json_["reason"]);
  EXPECT_EQ(json_["interrupted"], false);
  EXPECT_EQ(json_["probes"].size(), 2U);
  EXPECT_TRUE(json_["ceiling"].is_object());
  EXPECT_TRUE(json_["rate_per_s"].is_null());
}

// Would catch: exit code 2 and no result, with all that was probed lost.
TEST_F(SearchRunTest, ASearchKeepsItsProbesWhenAProbeCannotRun) {
  int runs = 0;
  const auto failing = [&runs](const LoadOptions& options, const std::string& which) {
    if (++runs == 4) {
      throw std::runtime_error("no descriptor is left");
    }
    return simulated(options, which);
  };
  EXPECT_EQ(search("p99<2ms", failing), 1);
  EXPECT_EQ(json_["reason"], "no descriptor is left");
  EXPECT_EQ(json_["probes"].size(), 2U);
}

// The bug: a search that had no ceiling to start from ended with exit code 1 and the reason null.
TEST_F(SearchRunTest, ASearchWithoutACeilingSaysWhy) {
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(search("p99<2ms",
                   [](const LoadOptions& options, const std::string& which) {
                     Outcome outcome = simulated(options, which);
                     outcome.verdict.status = Status::kInvalid;
                     outcome.verdict.reasons = {{ReasonCode::kNoReply, "no request was completed"}};
                     return outcome;
                   }),
            1);
  EXPECT_EQ(json_["reason"], "the closed loop gave no ceiling to start from: no request was completed");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "fanin-load: the search ended after 0 probes: " + json_["reason"].get<std::string>() + "\n");
}

// Would catch: an interrupt of the first run reported as a closed loop that gave no ceiling.
TEST_F(SearchRunTest, AnInterruptedCeilingIsNamedAsTheBound) {
  Outcome outcome = simulated(options_, "");
  outcome.result.interrupted = true;
  EXPECT_EQ(search("p99<2ms", [&](const LoadOptions&, const std::string&) { return outcome; }), 130);
  EXPECT_EQ(json_["bound"], "interrupted in the closed loop, before the first probe");
  EXPECT_EQ(json_["reason"], json_["bound"]);
}

// The bug: an interrupt during the probes left the bound "" and the reason null.
TEST_F(SearchRunTest, AnInterruptEndsTheSearchAndKeepsWhatThereIs) {
  int runs = 0;
  const auto stopped = [&runs](const LoadOptions& options, const std::string& which) {
    Outcome outcome = simulated(options, which);
    outcome.result.interrupted = ++runs == 3;
    return outcome;
  };
  EXPECT_EQ(search("p99<2ms", stopped), 130);
  EXPECT_EQ(json_["interrupted"], true);
  EXPECT_EQ(json_["reason"], "interrupted after 1 probe");
  EXPECT_EQ(json_["bound"], json_["reason"]);
  EXPECT_EQ(json_["probes"].size(), 1U);
}

TEST_F(SearchRunTest, TheSearchRefusesWhatContradictsIt) {
  options_.find_rate = "p99<2ms";
  const auto refused = [this](auto change) {
    LoadOptions options = options_;
    change(options);
    EXPECT_THROW(run_rate_search(options, simulated, {}), std::invalid_argument);
  };
  refused([](LoadOptions& options) { options.rate_per_s = 5; });
  refused([](LoadOptions& options) { options.ramp = "1..5"; });
  refused([](LoadOptions& options) { options.sweep = "pipeline=1,2"; });
  refused([](LoadOptions& options) {
    options.requests = 5;
    options.duration.reset();
  });
  refused([](LoadOptions& options) { options.find_precision = 0; });
  refused([](LoadOptions& options) { options.think_time = std::chrono::seconds(1); });
  refused([](LoadOptions& options) { options.connections = 0; });
}

// Would catch: a search that probes on for 48 s at ever lower rates, each of which is late.
TEST_F(SearchRunTest, ASearchEndsWhereEveryProbeIsLate) {
  options_.duration = std::chrono::seconds(20);
  EXPECT_EQ(search("p99<2ms", always_late), 1);
  EXPECT_EQ(json_["probes"].size(), 6U);
  EXPECT_NE(json_["reason"].get<std::string>().find("every probe was late"), std::string::npos) << json_["reason"];
  EXPECT_TRUE(json_["rate_per_s"].is_null());
}

}  // namespace
}  // namespace fanin::load
