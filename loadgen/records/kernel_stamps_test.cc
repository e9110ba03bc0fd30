#include "loadgen/records/kernel_stamps.h"

#include "loadgen/integration_test/run_fixture.h"

namespace fanin::load {
namespace {

// Would catch: stamps of another clock, of another read or of an earlier send: the kernel has a request and its reply
// for a part of the time that the generator waits for it, and their difference is the generator's own.
TEST(KernelTimestamps, AreConsistentWithTheGeneratorsClock) {
  TestServer server(Behaviour::kEchoes);
  LoadPlan plan = plan_for(server.address(), DriverKind::kEpoll);
  plan.timestamps = true;
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  ASSERT_TRUE(result.stamps);
  EXPECT_EQ(result.stamps->read_lag.count() + result.stamps->unstamped, result.completed_in_window);
  EXPECT_GT(result.stamps->read_lag.count(), 0U);
  EXPECT_GT(result.stamps->service.count(), 0U);
  EXPECT_LE(result.stamps->service.count(), result.stamps->read_lag.count());
  EXPECT_LE(result.stamps->service.sum_ns() + result.stamps->read_lag.sum_ns(), result.service.sum_ns());
}

TEST(KernelTimestamps, PipelinedSendsHaveNone) {
  TestServer server(Behaviour::kEchoes);
  LoadPlan plan = plan_for(server.address(), DriverKind::kEpoll);
  plan.timestamps = true;
  plan.pipeline = 4;
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_GT(result.stamps.value().read_lag.count(), 0U);
  EXPECT_EQ(result.stamps->service.count(), 0U);
}

}  // namespace
}  // namespace fanin::load
