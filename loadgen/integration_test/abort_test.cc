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

TEST_P(AbortTest, ARunWithoutThemMakesNone) {
  TestServer server(Behaviour::kEchoes);
  const LoadResult result = run(plan_for(server.address(), GetParam()));
  EXPECT_EQ(result.connections.aborts_made + result.connections.aborts_failed, 0U);
  EXPECT_EQ(server.accepted(), 4U);
}

INSTANTIATE_TEST_SUITE_P(All, AbortTest, kAllDrivers, driver_test_name);

}  // namespace
}  // namespace fanin::load
