// Whole runs of a mix of requests.
#include "loadgen/integration_test/run_fixture.h"
#include "loadgen/plan/make_plan.h"
#include "loadgen/plan/options.h"

namespace fanin::load {
namespace {

using std::chrono::milliseconds;

class MixTest : public DriverTest {
 protected:
  LoadOptions options(const net::Address& target) const {
    LoadOptions options;
    options.target = target.text();
    options.driver = std::string(driver_name(GetParam()));
    options.connections = 1;
    options.mix = {"7 name=light payload-bytes=40", "3 name=heavy payload-bytes=3000"};
    options.requests = 2000;
    options.warmup = "0";
    options.think_time = Nanoseconds(0);
    options.requests_per_connection = 0;
    options.pipeline = GetParam() == DriverKind::kThreads ? 1 : 6;
    return options;
  }
};

// Would catch: a request that is lost from the accounts of the classes, or in the wrong one of their accounts.
void expect_classes_add_up(const LoadResult& result) {
  expect_accounted_for(result);
  ASSERT_EQ(result.classes.size(), 2U);
  ClassRecord sum;
  for (const ClassRecord& each : result.classes) {
    EXPECT_EQ(each.sent, each.completed + each.failed + each.unanswered);
    EXPECT_EQ(each.response.count(), each.completed);
    EXPECT_EQ(each.response.uncompleted(), each.failed + each.unanswered);
    sum.merge(each);
  }
  EXPECT_EQ(sum.sent, result.sent);
  EXPECT_EQ(sum.completed, result.completed);
  EXPECT_EQ(sum.failed, result.failed);
  EXPECT_EQ(sum.unanswered, result.unanswered);
  EXPECT_EQ(sum.response.max(), result.response.max());
}

// Would catch: a protocol that sends other classes than those that are recorded. Of a run over one connection.
void expect_share_by_number(const LoadPlan& plan, const LoadResult& result) {
  std::uint64_t heavy = 0;
  for (std::uint32_t i = 0; i < *plan.requests; ++i) {
    heavy += plan.mix->pick_class(0, i);
  }
  EXPECT_EQ(result.completed, *plan.requests);
  EXPECT_EQ(result.classes[1].completed, heavy);
  const std::uint64_t bytes =
      heavy * plan.classes[1].request_bytes + (*plan.requests - heavy) * plan.classes[0].request_bytes;
  EXPECT_EQ(result.bytes_sent, bytes);
  EXPECT_EQ(result.bytes_received, bytes);
}

TEST_P(MixTest, EveryClassGetsItsShareAndItsReplies) {
  TestServer server(Behaviour::kEchoes);
  const LoadPlan plan = make_plan(options(server.address()));
  const LoadResult result = run(plan);
  expect_classes_add_up(result);
  expect_share_by_number(plan, result);
}

TEST_P(MixTest, RepliesInFragmentsAreVerifiedByTheirClass) {
  TestServer server(Behaviour::kFragments);
  LoadOptions options = this->options(server.address());
  options.mix = {"7 name=light payload-bytes=8", "3 name=heavy payload-bytes=30"};
  options.requests = 200;
  const LoadPlan plan = make_plan(options);
  const LoadResult result = run(plan);
  expect_classes_add_up(result);
  expect_share_by_number(plan, result);
}

// Would catch: requests numbered from 0 again after each reconnect: with one request each, all are of one class.
TEST_P(MixTest, TheMixGoesOnWhenConnectionsAreReopened) {
  TestServer server(Behaviour::kEchoes);
  LoadOptions options = this->options(server.address());
  options.requests_per_connection = 1;
  options.pipeline = 1;
  options.requests = 200;
  const LoadPlan plan = make_plan(options);
  const LoadResult result = run(plan);
  expect_classes_add_up(result);
  expect_share_by_number(plan, result);
  EXPECT_GE(server.accepted(), 200U);
}

// Would catch: a request in flight on a connection that breaks, which the classes of the next life do not know of.
TEST_P(MixTest, RequestsWithoutARightReplyAreAccountedForByTheirClass) {
  for (const Behaviour behaviour : {Behaviour::kWrongReply, Behaviour::kHalfReply, Behaviour::kReset,
                                    Behaviour::kCloseAfter, Behaviour::kTooLong}) {
    TestServer server(behaviour);
    LoadOptions options = this->options(server.address());
    options.connections = 4;
    options.requests = 40;
    const LoadResult result = run(make_plan(options));
    expect_classes_add_up(result);
    EXPECT_GT(result.failed + result.completed, 0U);
  }
}

// Would catch: what was due and never sent, which is in no class, although the totals have it.
TEST_P(MixTest, RequestsThatWereNeverSentAreSharedOut) {
  TestServer server(Behaviour::kSilent);
  LoadOptions options = this->options(server.address());
  options.requests.reset();
  options.duration = milliseconds(100);
  options.timeout = milliseconds(50);
  options.think_time.reset();
  options.rate_per_s = 5000;
  const LoadResult result = run(make_plan(options));
  expect_classes_add_up(result);
  EXPECT_GT(result.request_errors[ErrorKind::kNotSent], 100U);
  EXPECT_GT(result.classes[0].unanswered, result.classes[1].unanswered);
  EXPECT_GT(result.classes[1].unanswered, 0U);
}

// Would catch: a class on a connection of another one, in the requests or in the records.
TEST_P(MixTest, ByConnectionEachConnectionHasOneClass) {
  TestServer server(Behaviour::kEchoes);
  LoadOptions options = this->options(server.address());
  options.mix_by_connection = true;
  options.connections = 4;
  options.mix = {"1 name=heavy payload-bytes=3000", "3 name=light payload-bytes=40"};
  const LoadPlan plan = make_plan(options);
  const LoadResult result = run(plan);
  expect_classes_add_up(result);
  EXPECT_EQ(plan.classes[0].connections, 1U);
  EXPECT_EQ(plan.classes[1].connections, 3U);
  EXPECT_GT(result.classes[0].completed, 0U);
  EXPECT_EQ(result.bytes_sent, result.classes[0].completed * 3000 + result.classes[1].completed * 40);
  EXPECT_EQ(result.bytes_received, result.bytes_sent);
}

TEST_P(MixTest, ARunWithoutAMixHasNoClasses) {
  TestServer server(Behaviour::kEchoes);
  LoadOptions options = this->options(server.address());
  options.mix.clear();
  EXPECT_TRUE(run(make_plan(options)).classes.empty());
}

INSTANTIATE_TEST_SUITE_P(All, MixTest, kAllDrivers, driver_test_name);

}  // namespace
}  // namespace fanin::load
