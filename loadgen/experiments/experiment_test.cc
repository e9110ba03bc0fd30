// Sweeps with made-up runs: no sockets.
#include "loadgen/experiments/experiment.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include "loadgen/experiments/experiment_fixture.h"

namespace fanin::load {
namespace {

TEST_F(ExperimentTest, ASweepGoesOnAfterAnInvalidPoint) {
  EXPECT_EQ(sweep("rate=1000,20000,2000"), 0);
  ASSERT_EQ(json_["points"].size(), 3U);
  EXPECT_EQ(json_["points"][1]["result"]["verdict"]["status"], "invalid");
  EXPECT_EQ(json_["points"][2]["result"]["verdict"]["status"], "valid");
  EXPECT_EQ(json_["points"][2]["value"], 2000);
  EXPECT_EQ(json_["parameter"]["name"], "rate");
  EXPECT_TRUE(json_["ceiling"].is_null());
}

TEST_F(ExperimentTest, ASweepWithoutAGoodPointFails) { EXPECT_EQ(sweep("rate=20000,30000"), 1); }

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
            1);
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
  const auto nobody = [](const LoadOptions&, const std::string&) -> Outcome {
    throw std::runtime_error("no connection came up");
  };
  options_.sweep = "connections=1,2";
  EXPECT_THROW(run_sweep(options_, nobody, {}), std::runtime_error);
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
  EXPECT_EQ(sweep("rate=auto", dying), 1);
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

}  // namespace
}  // namespace fanin::load
