// Whole runs of both drivers against a server that behaves or misbehaves.
#include "loadgen/run.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "loadgen/test_server.h"
#include "loadgen/uring_loop.h"
#include "loadgen/verdict.h"
#include "protocols/registry.h"

namespace fanin {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Behaviour = TestServer::Behaviour;

LoadPlan plan_for(const Address& target, DriverKind driver) {
  LoadPlan plan;
  plan.target = target;
  plan.driver = driver;
  plan.connections = 4;
  plan.threads = driver == DriverKind::kThreads ? plan.connections : 2;
  plan.speak("echo", [] { return find_protocol("echo").make_client({}); });
  plan.duration = milliseconds(100);
  plan.timeout = seconds(5);
  return plan;
}

LoadResult run(const LoadPlan& plan, const std::vector<RunListener*>& listeners = {}) {
  const std::atomic<bool> interrupted{false};
  return run_load(plan, listeners, interrupted);
}

void expect_accounted_for(const LoadResult& result) {
  EXPECT_EQ(result.sent, result.completed + result.failed + result.unanswered);
  EXPECT_EQ(result.request_errors.total(), result.failed + result.unanswered);
  EXPECT_EQ(result.response.count(), result.completed);
  EXPECT_EQ(result.response.infinite(), result.failed + result.unanswered);
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  for (const SeriesPoint& point : result.series) {
    completed += point.completed;
    failed += point.failed;
  }
  EXPECT_EQ(completed, result.completed);
  EXPECT_EQ(failed, result.failed + result.unanswered);
}

class DriverTest : public ::testing::TestWithParam<DriverKind> {
 protected:
  void SetUp() override {
    if (const auto reason = why_no_uring_driver(); GetParam() == DriverKind::kUring && reason) {
      GTEST_SKIP() << *reason;
    }
  }
};

TEST_P(DriverTest, AClosedLoopIsServedAndAccountedFor) {
  TestServer server(Behaviour::kEcho);
  const LoadResult result = run(plan_for(server.address(), GetParam()));
  expect_accounted_for(result);
  EXPECT_GT(result.completed, 0U);
  EXPECT_EQ(result.failed + result.unanswered, 0U);
  EXPECT_EQ(result.connections.established, 4U);
  EXPECT_EQ(result.served, 4U);
  EXPECT_EQ(result.window, milliseconds(100));
  EXPECT_EQ(result.connect.count(), 4U);
  EXPECT_EQ(server.accepted(), 4U);
}

TEST_P(DriverTest, ACountOfRequestsIsMetExactly) {
  TestServer server(Behaviour::kEcho);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.requests = 1003;
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.completed, 1003U);
  EXPECT_GT(result.window, Nanoseconds(0));
}

// Would catch: a reply that is taken for complete, or for wrong, because it came in pieces.
TEST_P(DriverTest, FragmentedRepliesAreVerified) {
  TestServer server(Behaviour::kFragments);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.requests = 40;
  const LoadResult result = run(plan);
  EXPECT_EQ(result.completed, 40U);
}

TEST_P(DriverTest, TheOpenLoopKeepsItsRate) {
  TestServer server(Behaviour::kEcho);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.rate_per_s = 1000;
  plan.arrival = ArrivalKind::kUniform;
  plan.duration = milliseconds(300);
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.sent, 300U);
  EXPECT_EQ(result.completed, 300U);
  EXPECT_EQ(result.lateness.count(), 300U);
}

// The throughput of a busy machine may never be steady; the window then opens at the end of the warm-up.
TEST_P(DriverTest, TheWindowOpensWhenTheThroughputIsSteady) {
  TestServer server(Behaviour::kEcho);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.warmup_until_steady = true;
  plan.warmup = seconds(3);
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.window, milliseconds(100));
  EXPECT_GE(result.warmup, seconds(1));
  EXPECT_EQ(result.warmup_end == WarmupEnd::kSteady, result.warmup < seconds(3));
  EXPECT_GT(result.completed, 0U);
}

TEST_P(DriverTest, TheWindowOpensInTheEndWhereTheThroughputIsNotSteady) {
  TestServer server(Behaviour::kEcho);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.warmup_until_steady = true;
  plan.warmup = milliseconds(300);  // too short to tell
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.warmup, milliseconds(300));
  EXPECT_EQ(result.warmup_end, WarmupEnd::kLimit);
  EXPECT_EQ(judge(plan, result).status, Status::kWarning);
}

TEST_P(DriverTest, ACountOfRequestsIsMetAfterAWarmUpUntilSteady) {
  TestServer server(Behaviour::kEcho);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.warmup_until_steady = true;
  plan.warmup = seconds(3);
  plan.requests = 103;
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.completed, 103U);
}

TEST_P(DriverTest, RequestsPerConnectionMakeNewConnections) {
  TestServer server(Behaviour::kEcho);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.requests = 40;
  plan.requests_per_connection = 2;
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.completed, 40U);
  EXPECT_EQ(result.connections.failed, 0U);
  EXPECT_GE(server.accepted(), 20U);
  EXPECT_EQ(result.connect.count(), result.connections.established + result.connections.reconnects);
}

TEST_P(DriverTest, IdleConnectionsAreHeldAndSendNothing) {
  TestServer server(Behaviour::kEcho);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.idle = 10;
  const LoadResult result = run(plan);
  EXPECT_EQ(result.connections.idle_established, 10U);
  EXPECT_EQ(result.connections.idle_lost, 0U);
  EXPECT_EQ(server.accepted(), 14U);
  EXPECT_EQ(result.served, 4U);
}

struct Weather {
  Behaviour behaviour;
  ErrorKind kind;
};

// Every way in which a server can misbehave has a name in the error table, and no request is lost from the account.
TEST_P(DriverTest, MisbehaviourIsNamedAndAccountedFor) {
  for (const auto& [behaviour, kind] :
       {Weather{Behaviour::kWrongReply, ErrorKind::kMismatch}, Weather{Behaviour::kTooLong, ErrorKind::kMismatch},
        Weather{Behaviour::kCloseEarly, ErrorKind::kClosedEarly},
        Weather{Behaviour::kHalfReply, ErrorKind::kClosedEarly}, Weather{Behaviour::kReset, ErrorKind::kReset}}) {
    TestServer server(behaviour);
    const LoadResult result = run(plan_for(server.address(), GetParam()));
    expect_accounted_for(result);
    EXPECT_GT(result.request_errors[kind] + result.connection_errors[kind], 0U) << error_name(kind);
    EXPECT_GT(result.connections.failed, 0U) << error_name(kind);
    if (behaviour != Behaviour::kTooLong) {  // where the reply itself is complete before it turns out too long
      EXPECT_EQ(result.completed, 0U) << error_name(kind);
    }
  }
}

TEST_P(DriverTest, ASilentServerTimesOut) {
  TestServer server(Behaviour::kSilent);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.timeout = milliseconds(50);
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.completed, 0U);
  EXPECT_GT(result.request_errors[ErrorKind::kTimeout], 0U);
  EXPECT_EQ(result.failed, 0U);
  EXPECT_EQ(judge(plan, result).status, Status::kInvalid);
}

TEST_P(DriverTest, AServerThatClosesAtOnceIsSeen) {
  TestServer server(Behaviour::kCloseAtOnce);
  LoadPlan plan = plan_for(server.address(), GetParam());
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.completed, 0U);
  EXPECT_EQ(result.served, 0U);
}

TEST_P(DriverTest, AnUnreachableTargetIsNamed) {
  const LoadPlan plan = plan_for(refusing_address(), GetParam());
  try {
    run(plan);
    FAIL() << "must throw";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find(plan.target.text()), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("Connection refused"), std::string::npos) << error.what();
  }
}

// A run by number of requests whose server turns silent or dies must end by itself.
TEST_P(DriverTest, ACountWithoutAServerGivesUp) {
  auto server = std::make_unique<TestServer>(Behaviour::kEcho);
  LoadPlan plan = plan_for(server->address(), GetParam());
  plan.requests = 1'000'000'000;
  plan.timeout = milliseconds(50);
  struct Killer : RunListener {
    explicit Killer(std::unique_ptr<TestServer>& victim) : server(victim) {}
    void window_opened(TimePoint) override { server.reset(); }
    std::unique_ptr<TestServer>& server;
  } killer(server);
  const LoadResult result = run(plan, {&killer});
  expect_accounted_for(result);
  EXPECT_TRUE(result.gave_up);
  EXPECT_EQ(judge(plan, result).status, Status::kInvalid);
}

// The stall test with real sockets: the server stands still for 200 ms of a second at a fixed rate. By hand a fifth of
// the requests wait for up to 200 ms, so the 95th percentile is near 150 ms; 100 ms leaves room for a busy machine.
TEST_P(DriverTest, AStallOfTheServerShowsInTheOpenLoop) {
  TestServer server(Behaviour::kEcho);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.rate_per_s = 1000;
  plan.arrival = ArrivalKind::kUniform;
  plan.duration = seconds(1);
  struct Staller : RunListener {
    explicit Staller(TestServer& stalled) : server(stalled) {}
    void window_opened(TimePoint) override { server.stall(); }
    void progress(const Progress& progress) override {
      if (progress.phase == Progress::Phase::kWindow) {
        server.resume();  // the first progress report of the window comes after 200 ms
      }
    }
    TestServer& server;
  } staller(server);
  const LoadResult result = run(plan, {&staller});
  expect_accounted_for(result);
  EXPECT_EQ(result.completed, 1000U);
  const PercentileValue p95 = result.response.percentile(9500);
  ASSERT_EQ(p95.kind, PercentileValue::Kind::kFinite);
  EXPECT_GE(p95.value, milliseconds(100));
}

// Would catch: an interrupt that loses what was measured, or that is noticed only when the window ends.
TEST_P(DriverTest, AnInterruptKeepsWhatWasMeasured) {
  TestServer server(Behaviour::kEcho);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.duration = std::chrono::hours(1);
  std::atomic<bool> interrupted{false};
  struct Interrupter : RunListener {
    explicit Interrupter(std::atomic<bool>& flag) : interrupted(flag) {}
    void progress(const Progress& progress) override {
      if (progress.phase == Progress::Phase::kWindow && progress.completed > 0) {
        interrupted.store(true);
      }
    }
    std::atomic<bool>& interrupted;
  } interrupter(interrupted);
  const LoadResult result = run_load(plan, {&interrupter}, interrupted);
  expect_accounted_for(result);
  EXPECT_TRUE(result.interrupted);
  EXPECT_GT(result.completed, 0U);
  EXPECT_LT(result.window, std::chrono::minutes(1));
}

// A server that dies and comes back: failures in between, service again afterwards.
TEST_P(DriverTest, ATargetThatMisbehavesForAWhileIsServedAgain) {
  TestServer server(Behaviour::kReset);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.duration = milliseconds(600);
  struct Healer : RunListener {
    explicit Healer(TestServer& patient) : server(patient) {}
    void progress(const Progress& progress) override {
      if (progress.phase == Progress::Phase::kWindow) {
        server.behave(Behaviour::kEcho);
      }
    }
    TestServer& server;
  } healer(server);
  const LoadResult result = run(plan, {&healer});
  expect_accounted_for(result);
  EXPECT_GT(result.failed, 0U);
  EXPECT_EQ(result.served, 4U);
  EXPECT_GT(result.connections.reconnects, 0U);
}

std::string test_name(const ::testing::TestParamInfo<DriverKind>& each) {
  return each.param == DriverKind::kUring ? "uring" : std::string(driver_name(each.param));
}

INSTANTIATE_TEST_SUITE_P(All, DriverTest,
                         ::testing::Values(DriverKind::kEpoll, DriverKind::kUring, DriverKind::kThreads), test_name);

// What only event loops do.
class LoopTest : public DriverTest {};

INSTANTIATE_TEST_SUITE_P(All, LoopTest, ::testing::Values(DriverKind::kEpoll, DriverKind::kUring), test_name);

TEST_P(LoopTest, PipelinedRequestsAreAllVerified) {
  TestServer server(Behaviour::kFragments);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.depth = 8;
  plan.requests = 200;
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.completed, 200U);
}

// Would catch: a request larger than the socket takes at once, of which the rest is lost or sent twice.
TEST_P(LoopTest, LargeRequestsGoOutInParts) {
  TestServer server(Behaviour::kEcho);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.speak("echo", [] { return find_protocol("echo").make_client({.payload_bytes = 1 << 20}); });
  plan.requests = 8;
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.completed, 8U);
}

TEST_P(LoopTest, ManyConnectionsAreAllServed) {
  TestServer server(Behaviour::kEcho);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.connections = 500;
  plan.requests = 5000;
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.connections.established, 500U);
  EXPECT_EQ(result.served, 500U);
  EXPECT_GE(result.replies_min, 1U);
}

// Would catch: an empty look for news of a loop that sleeps taken for spinning (CPU time of real work was then
// subtracted from the generator's).
TEST_P(LoopTest, OnlyALoopThatSpinsHasSpun) {
  TestServer server(Behaviour::kEcho);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.rate_per_s = 2000;
  EXPECT_EQ(run(plan).spun, Nanoseconds(0));
  plan.wait.kind = WaitKind::kSpin;
  EXPECT_GT(run(plan).spun, Nanoseconds(0));
}

TEST_P(LoopTest, EveryIdleConnectionIsProved) {
  TestServer server(Behaviour::kFragments);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.idle = 50;
  plan.prove_idle = true;
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.connections.idle_established, 50U);
  EXPECT_EQ(result.connections.idle_served, 50U);
  EXPECT_EQ(result.connections.idle_lost, 0U);
}

// Would catch: an idle connection that counts as up though nobody serves it.
TEST_P(LoopTest, IdleConnectionsThatAreNotServedAreMissing) {
  TestServer server(Behaviour::kReset);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.idle = 5;
  plan.prove_idle = true;
  const LoadResult result = run(plan);
  EXPECT_EQ(result.connections.idle_established, 0U);
  EXPECT_EQ(result.connections.idle_served, 0U);
  EXPECT_EQ(judge(plan, result).status, Status::kInvalid);
}

TEST_P(LoopTest, IdleConnectionsMayHaveLoopsOfTheirOwn) {
  TestServer server(Behaviour::kEcho);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.idle = 10;
  plan.idle_threads = 3;
  plan.prove_idle = true;
  const LoadResult result = run(plan);
  EXPECT_EQ(result.connections.idle_served, 10U);
  EXPECT_EQ(result.served, 4U);
  EXPECT_EQ(server.accepted(), 14U);
}

}  // namespace
}  // namespace fanin
