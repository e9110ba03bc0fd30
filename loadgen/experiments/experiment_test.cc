// Sweeps and searches for a rate with simulated runs: no sockets.
#include "loadgen/experiments/experiment.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "loadgen/plan/make_plan.h"

namespace fanin::load {
namespace {

// A server that does 10,000 requests/s, its p99 1 ms up to 8000/s and 10 ms beyond; past its capacity sends are late.
Outcome simulated(const LoadOptions& options, const std::string& /*which*/) {
  Outcome outcome{.plan = make_plan(options)};
  const double asked = outcome.plan.rate_per_s.value_or(10'000);
  const bool late = asked > 10'000;
  const auto seconds = std::chrono::duration<double>(outcome.plan.duration).count();
  outcome.result.window = outcome.plan.duration;
  outcome.result.sent = outcome.result.completed = outcome.result.completed_in_window =
      static_cast<std::uint64_t>(asked * seconds);
  for (std::uint64_t i = 0; i < outcome.result.sent; ++i) {
    outcome.result.response.record(asked > 8000 ? std::chrono::milliseconds(10) : std::chrono::milliseconds(1));
  }
  if (late) {
    outcome.verdict.status = Status::kInvalid;
    outcome.verdict.reasons = {{ReasonCode::kLateSends, "late"}};
    outcome.verdict.late = true;
  }
  return outcome;
}

LoadOptions some_options() {
  LoadOptions options;
  options.target = "127.0.0.1:80";
  options.duration = std::chrono::seconds(2);
  return options;
}

class ExperimentTest : public ::testing::Test {
 protected:
  ExperimentTest() {
    path_ = std::filesystem::temp_directory_path() / ("experiment-" + std::to_string(::getpid()) + ".json");
  }
  ~ExperimentTest() override { ::unlink(path_.c_str()); }

  int sweep(const std::string& what, const Runner& run = simulated) {
    options_.sweep = what;
    os::ResultFile file(path_);
    const int code = static_cast<int>(run_sweep(options_, run, {nullptr, &file}));
    read();
    return code;
  }
  int search(const std::string& objective, const Runner& run = simulated) {
    options_.find_rate = objective;
    os::ResultFile file(path_);
    const int code = static_cast<int>(run_rate_search(options_, run, {nullptr, &file}));
    read();
    return code;
  }
  void read() {
    std::ifstream stream(path_);
    json_ = nlohmann::json::parse(stream);
  }

  LoadOptions options_ = some_options();
  std::string path_;
  nlohmann::json json_;
};

TEST_F(ExperimentTest, ASweepGoesOnAfterAnInvalidPoint) {
  EXPECT_EQ(sweep("rate=1000,20000,2000"), 0);
  ASSERT_EQ(json_["points"].size(), 3U);
  EXPECT_EQ(json_["points"][1]["result"]["verdict"]["status"], "invalid");
  EXPECT_EQ(json_["points"][2]["result"]["verdict"]["status"], "valid");
  EXPECT_EQ(json_["points"][2]["value"], 2000);
  EXPECT_EQ(json_["parameter"]["name"], "rate");
  EXPECT_TRUE(json_["ceiling"].is_null());
}

TEST_F(ExperimentTest, ASweepWithoutAGoodPointFails) { EXPECT_EQ(sweep("rate=20000,30000"), 5); }

// Would catch: points after the first one that no assertion judges. p99 is 1 ms up to 8000/s, 10 ms beyond, and the run
// is invalid above 10,000/s.
TEST_F(ExperimentTest, AnAssertionIsAboutEveryPoint) {
  options_.assertions = {"p99<2ms"};
  EXPECT_EQ(sweep("rate=1000,2000"), 0);
  EXPECT_EQ(sweep("rate=1000,9000"), 1);
  EXPECT_EQ(json_["points"][0]["result"]["assertions"][0]["decision"], "met");
  EXPECT_EQ(json_["points"][1]["result"]["assertions"][0]["decision"], "missed");
  EXPECT_EQ(sweep("rate=1000,20000"), 5);
  EXPECT_EQ(json_["points"][1]["result"]["assertions"][0]["decision"], "undecided");
  EXPECT_EQ(sweep("rate=20000,9000"), 1);
  EXPECT_EQ(sweep("rate=1000,10"), 4);  // 20 requests are too few for p99
}

TEST_F(ExperimentTest, TheAutomaticSweepTakesTheClosedLoopForItsCeiling) {
  std::vector<double> asked;
  const auto noting = [&asked](const LoadOptions& options, const std::string& which) {
    asked.push_back(options.rate_per_s.value_or(0));
    return simulated(options, which);
  };
  EXPECT_EQ(sweep("rate=auto", noting), 0);
  ASSERT_EQ(asked.size(), 10U);
  EXPECT_EQ(asked[0], 0);
  EXPECT_EQ(asked[1], 1000);
  EXPECT_EQ(asked[9], 10'500);
  EXPECT_EQ(json_["ceiling"]["workload"]["loop"], "closed");
}

// Would catch: rates made up from a ceiling that cannot be trusted.
TEST_F(ExperimentTest, AnInvalidCeilingEndsTheAutomaticSweep) {
  EXPECT_EQ(sweep("rate=auto",
                  [](const LoadOptions& options, const std::string& which) {
                    Outcome outcome = simulated(options, which);
                    outcome.verdict.status = Status::kInvalid;
                    outcome.verdict.reasons = {{ReasonCode::kNoReply, "no request was completed"}};
                    return outcome;
                  }),
            5);
  EXPECT_TRUE(json_["points"].empty());
}

TEST_F(ExperimentTest, AServerThatDiesCostsThePointsAndNotTheSweep) {
  int runs = 0;
  EXPECT_EQ(sweep("connections=1,2,3",
                  [&runs](const LoadOptions& options, const std::string& which) {
                    if (++runs > 1) {
                      throw std::runtime_error("no connection came up");
                    }
                    return simulated(options, which);
                  }),
            0);
  EXPECT_TRUE(json_["points"][0]["reason"].is_null());
  EXPECT_EQ(json_["points"][2]["reason"], "no connection came up");
  EXPECT_TRUE(json_["points"][2]["result"].is_null());
}

TEST_F(ExperimentTest, AServerThatIsNotThereIsBadInput) {
  const auto unreachable = [](const LoadOptions&, const std::string&) -> Outcome {
    throw std::runtime_error("no connection came up");
  };
  options_.sweep = "connections=1,2";
  EXPECT_THROW(run_sweep(options_, unreachable, {}), std::runtime_error);
}

// Would catch: a point that this machine has no room for, which is known only when its turn comes, and all before it
// lost.
TEST_F(ExperimentTest, APointThatDoesNotFitCostsThePointAndNotTheSweep) {
  const auto small_machine = [](const LoadOptions& options, const std::string& which) {
    if (options.connections > 1000) {
      throw std::invalid_argument("no room");
    }
    return simulated(options, which);
  };
  EXPECT_EQ(sweep("connections=10,2000,20", small_machine), 0);
  EXPECT_EQ(json_["points"][1]["reason"], "no room");
  EXPECT_TRUE(json_["points"][2]["result"].is_object());
}

// Would catch: a ceiling that was measured, and lost with the server.
TEST_F(ExperimentTest, TheAutomaticSweepKeepsItsCeilingWhenTheServerDies) {
  const auto dying = [](const LoadOptions& options, const std::string& which) {
    if (options.rate_per_s) {
      throw std::runtime_error("no connection came up");
    }
    return simulated(options, which);
  };
  EXPECT_EQ(sweep("rate=auto", dying), 5);
  EXPECT_TRUE(json_["ceiling"].is_object());
  EXPECT_EQ(json_["points"][0]["reason"], "no connection came up");
}

TEST_F(ExperimentTest, AnInterruptEndsTheSweepAndKeepsWhatThereIs) {
  int runs = 0;
  EXPECT_EQ(sweep("connections=1,2,3",
                  [&runs](const LoadOptions& options, const std::string& which) {
                    Outcome outcome = simulated(options, which);
                    outcome.result.interrupted = ++runs == 2;
                    return outcome;
                  }),
            130);
  EXPECT_EQ(json_["points"].size(), 2U);
  EXPECT_EQ(json_["interrupted"], true);
}

// A generator that is late at every rate.
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
  // p99 needs 1000 samples, with a margin 1200: at 600/s the whole duration, at 1200/s and more a second.
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

// The bug: two probes at the lowest rate whose samples fit into the window, exit code 1, and no word about the window.
TEST_F(SearchRunTest, ASearchThatNeedsALongerWindowSaysHowLong) {
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(search("p99<1us"), 1);
  EXPECT_EQ(json_["probes"].size(), 2U);  // p99 needs 1000 samples, 1200 with a margin: in 2 s at 600/s
  EXPECT_EQ(json_["reason"],
            "no rate below 600/s can be tried: p99 needs 1000 requests and some more, which do not fit into --duration "
            "2s; give --duration 4s");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "fanin-load: the search ended after 2 probes: " + json_["reason"].get<std::string>() + "\n");
  options_.duration = std::chrono::seconds(120);  // from 500/s on ten halvings, none of which this window ends
  EXPECT_EQ(search("p50<1us"), 1);
  EXPECT_TRUE(json_["reason"].is_null());
  EXPECT_EQ(search("p50<2ms"), 0);
  EXPECT_TRUE(json_["reason"].is_null());
}

// Would catch: a search that goes on after the server has died, or that returns a rate.
TEST_F(SearchRunTest, ASearchKeepsItsProbesWhenTheServerDies) {
  int runs = 0;
  const auto dying = [&runs](const LoadOptions& options, const std::string& which) {
    Outcome outcome = simulated(options, which);
    outcome.result.unreachable = ++runs == 4 ? "no connection came up" : "";
    return outcome;
  };
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(search("p99<2ms", dying), 5);
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
  EXPECT_EQ(search("p99<2ms", failing), 5);
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
            5);
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
  EXPECT_EQ(search("p99<2ms", always_late), 5);
  EXPECT_EQ(json_["probes"].size(), 6U);
  EXPECT_NE(json_["reason"].get<std::string>().find("every probe was late"), std::string::npos) << json_["reason"];
  EXPECT_TRUE(json_["rate_per_s"].is_null());
}

}  // namespace

}  // namespace fanin::load
