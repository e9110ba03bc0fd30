// Whole runs with clients that die (--aborts).
#include "loadgen/integration_test/run_fixture.h"

namespace fanin::load {
namespace {

class AbortTest : public DriverTest {};

// Would catch: a run by number of requests that waits for ever for the thread of the aborts, whose work has no end; and
// aborts that count as requests, errors or connections of the run.
TEST_P(AbortTest, ARunByNumberEndsAndCountsItsOwnRequestsAlone) {
  TestServer server(Behaviour::kEchoes);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.aborts_per_s = 10'000;
  plan.requests = 4'000;
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.completed, 4'000U);
  EXPECT_EQ(result.connections.established, plan.connections);
  EXPECT_EQ(result.connection_errors.total(), 0U);
  EXPECT_EQ(result.bytes_sent, result.bytes_received);
}

// Would catch: no aborts at all, aborts that fail, or more than are due.
TEST_P(AbortTest, AbortsComeAtTheirRate) {
  TestServer server(Behaviour::kEchoes);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.aborts_per_s = 200;
  plan.duration = std::chrono::milliseconds(500);
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_GT(result.connections.aborts_made, 0U);
  EXPECT_EQ(result.connections.aborts_failed, 0U);
  EXPECT_LE(result.connections.aborts_made, 101U);
}

// The bug: the window of an interrupted run lasted as long as planned, since the thread of the aborts ended without
// having closed its own, and the rate was requests over that time.
TEST_P(AbortTest, AnInterruptEndsTheWindow) {
  TestServer server(Behaviour::kEchoes);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.aborts_per_s = 100;
  plan.duration = std::chrono::hours(1);
  std::atomic<bool> interrupted{false};
  struct Interrupter : RunListener {
    explicit Interrupter(std::atomic<bool>& flag) : interrupted(flag) {}
    void progress(const Progress& progress) override {
      if (progress.phase == Progress::Phase::kWindow) {
        interrupted.store(true);
      }
    }
    std::atomic<bool>& interrupted;
  } interrupter(interrupted);
  EXPECT_LT(run_load(plan, {&interrupter}, interrupted).window, std::chrono::minutes(1));
}

TEST_P(AbortTest, ARunWithoutThemMakesNone) {
  TestServer server(Behaviour::kEchoes);
  const LoadResult result = run(plan_for(server.address(), GetParam()));
  EXPECT_EQ(result.connections.aborts_made + result.connections.aborts_failed, 0U);
  EXPECT_EQ(server.accepted(), 4U);
}

INSTANTIATE_TEST_SUITE_P(All, AbortTest, kAllDrivers, driver_test_name);

}  // namespace
}  // namespace fanin::load
