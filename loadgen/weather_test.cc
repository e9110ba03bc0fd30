// Whole runs of all drivers against a server that misbehaves.
#include <stdexcept>

#include "loadgen/run_fixture.h"
#include "loadgen/verdict.h"

namespace fanin {
namespace {

using std::chrono::milliseconds;

class WeatherTest : public DriverTest {};

struct Weather {
  Behaviour behaviour;
  ErrorKind kind;
};

// Every way in which a server can misbehave has a name in the error table, and no request is lost from the account.
TEST_P(WeatherTest, MisbehaviourIsNamedAndAccountedFor) {
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

TEST_P(WeatherTest, ASilentServerTimesOut) {
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

TEST_P(WeatherTest, AServerThatClosesAtOnceIsSeen) {
  TestServer server(Behaviour::kCloseAtOnce);
  LoadPlan plan = plan_for(server.address(), GetParam());
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.completed, 0U);
  EXPECT_EQ(result.served, 0U);
}

TEST_P(WeatherTest, AnUnreachableTargetIsNamed) {
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
TEST_P(WeatherTest, ACountWithoutAServerGivesUp) {
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

// A server that dies and comes back: failures in between, service again afterwards.
TEST_P(WeatherTest, ATargetThatMisbehavesForAWhileIsServedAgain) {
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

INSTANTIATE_TEST_SUITE_P(All, WeatherTest, kAllDrivers, driver_test_name);

}  // namespace
}  // namespace fanin
