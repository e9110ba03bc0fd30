// Whole runs in which connections come and go.
#include <algorithm>
#include <string>

#include "loadgen/drivers/connect.h"
#include "loadgen/integration_test/run_fixture.h"
#include "loadgen/plan/make_plan.h"
#include "loadgen/plan/options.h"
#include "loadgen/records/server_processes.h"
#include "loadgen/reports/verdict.h"

namespace fanin::load {
namespace {

using std::chrono::milliseconds;

class ChurnTest : public DriverTest {};

TEST_P(ChurnTest, RequestsPerConnectionMakeNewConnections) {
  TestServer server(Behaviour::kEchoes);
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

// Would catch: a close that the generator asked for counted as an error, or a connection reopened before it.
TEST_P(ChurnTest, TheServerClosesWhereItIsToldTo) {
  TestServer server(Behaviour::kCloseAfter);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.requests = 40;
  plan.requests_per_connection = 1;
  plan.close = CloseKind::kServer;
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.completed, 40U);
  EXPECT_EQ(result.connection_errors.total(), 0U);
  EXPECT_EQ(result.connections.failed, 0U);
  EXPECT_GE(server.accepted(), 40U);
}

// The bug: with io_uring a request that was queued for a connection that the server had closed was sent on the
// connection that had its descriptor next, whose server then answered requests that it had not got: mismatches of a
// server that is right. Requests that leave on a closed connection fail; nothing else may.
TEST_P(ChurnTest, ARequestOfAConnectionThatHasEndedIsSentOnNoOther) {
  TestServer server(Behaviour::kCloseAfter);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.duration = milliseconds(300);
  plan.requests_per_connection = 1000;
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_GT(result.completed, 0U);
  EXPECT_EQ(result.request_errors[ErrorKind::kMismatch] + result.outside_errors[ErrorKind::kMismatch], 0U);
  EXPECT_EQ(result.connection_errors[ErrorKind::kMismatch] + result.connection_errors[ErrorKind::kUnsolicited], 0U);
}

// Would catch: a wait for the server's end that has none of its own.
TEST_P(ChurnTest, AServerThatDoesNotCloseIsNamed) {
  TestServer server(Behaviour::kEchoes);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.requests = 40;
  plan.requests_per_connection = 2;
  plan.close = CloseKind::kServer;
  plan.timeout = milliseconds(200);  // a busy machine may take long to reconnect
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.completed, 40U);
  EXPECT_GE(result.connection_errors[ErrorKind::kNotClosed], 16U);  // of the 20 lives all but the last 4
  EXPECT_EQ(result.connection_errors.total(), result.connection_errors[ErrorKind::kNotClosed]);
  EXPECT_EQ(result.connections.failed, 4U);
}

// The bug: the same server was valid without a word where --timeout is longer than the window: no wait ends.
TEST_P(ChurnTest, AServerThatDoesNotCloseWithinTheWindowIsNamed) {
  TestServer server(Behaviour::kEchoes);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.duration = milliseconds(500);  // longer than CloseWaits::kShortest
  plan.requests_per_connection = 2;
  plan.close = CloseKind::kServer;
  plan.timeout = std::chrono::seconds(5);
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.connection_errors[ErrorKind::kNotClosed], 4U);
  EXPECT_EQ(decide_verdict(plan, result).status, Status::kInvalid);
  EXPECT_NE(reason_codes(plan, result).find("not-closed"), std::string::npos) << reason_codes(plan, result);
}

TEST_P(ChurnTest, AllConnectAtOnceInAStorm) {
  TestServer server(Behaviour::kEchoes);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.connections = 200;
  plan.threads = GetParam() == DriverKind::kThreads ? 200 : 2;
  plan.connecting = plan.connections;
  plan.requests = 400;
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.connections.established, 200U);
  EXPECT_EQ(result.connect.count(), 200U);
}

// Would catch: connects that take seconds because the server's queue is full, and a result that does not say why.
TEST_P(ChurnTest, AnAcceptQueueThatOverflowsIsNamed) {
  const net::Descriptor listener =
      net::listen_on(net::Address::parse("127.0.0.1", 0), {.backlog = 1});  // without accept(2)
  LoadPlan plan = plan_for(net::Address::of_local_end(listener.get()), GetParam());
  plan.connections = 10;
  plan.threads = GetParam() == DriverKind::kThreads ? 10 : 1;
  plan.connecting = 10;
  plan.timeout = milliseconds(50);
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_LT(result.connections.established, 10U);
  EXPECT_GT(result.connection_errors[ErrorKind::kConnectTimeout], 0U);
  ASSERT_TRUE(result.listen_overflows.has_value());
  EXPECT_GT(*result.listen_overflows, 0U);
  EXPECT_NE(reason_codes(plan, result).find("accept-queue-overflow"), std::string::npos) << reason_codes(plan, result);
}

// Would catch: progress read from all threads every 10 ms while the server accepts, on the CPU that it needs for that.
TEST_P(ChurnTest, NothingIsShownWhileTheServerAccepts) {
  const net::Descriptor listener =
      net::listen_on(net::Address::parse("127.0.0.1", 0), {.backlog = 100});  // without accept(2)
  LoadPlan plan = plan_for(net::Address::of_local_end(listener.get()), GetParam());
  plan.timeout = milliseconds(50);
  struct Watcher : RunListener {
    void progress(const Progress& progress) override {
      if (progress.phase == Progress::Phase::kConnecting) {
        shown.push_back(progress.elapsed);
      }
    }
    std::vector<Nanoseconds> shown;
  } watcher;
  const LoadResult result = run(plan, {&watcher});
  EXPECT_EQ(result.connections.established, 4U);
  EXPECT_EQ(result.completed, 0U);
  for (std::size_t i = 1; i < watcher.shown.size(); ++i) {
    EXPECT_GE(watcher.shown[i] - watcher.shown[i - 1], milliseconds(100)) << "five times a second at most";
  }
}

// Would catch: the overflow of another program's queue laid to the target.
TEST_P(ChurnTest, AnotherQueueThatOverflowsIsNotTheTargets) {
  TestServer server(Behaviour::kEchoes);
  const net::Descriptor other = net::listen_on(net::Address::parse("127.0.0.1", 0), {.backlog = 1});
  const net::Address its = net::Address::of_local_end(other.get());
  const auto before = accept_queue_counts(its);
  class Crowd : public RunListener {
   public:
    explicit Crowd(const net::Address& target) : target_(target) {}
    void established(std::uint64_t /*connections*/) override {
      for (int i = 0; i < 10; ++i) {
        connects_.push_back(start_connect(target_, nullptr, net::Blocking::kNo).fd);
      }
    }

   private:
    const net::Address& target_;
    std::vector<net::Descriptor> connects_;
  } crowd(its);
  const LoadPlan plan = plan_for(server.address(), GetParam());
  const LoadResult result = run(plan, {&crowd});
  EXPECT_GT(overflows_between(before, accept_queue_counts(its)).value(), 0U);
  EXPECT_EQ(result.listen_overflows, 0U);
}

const std::string kKeptAliveReply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

LoadOptions http_options(const TestServer& server, DriverKind driver) {
  LoadOptions options{
      .target = server.address().text(), .driver = std::string(driver_name(driver)), .protocol = "http"};
  options.connections = 3;
  options.requests = 200;
  options.warmup = "0";
  options.think_time = Nanoseconds(0);
  options.requests_per_connection = 0;
  return options;
}

// Would catch: a request sent on a connection that an earlier one has asked to close, which the server closes without
// saying so (RFC 9112, 9.6).
TEST_P(ChurnTest, NoRequestFollowsOneThatAsksToClose) {
  TestServer server({.reply = kKeptAliveReply, .closes_on = "close"});
  LoadOptions options = http_options(server, GetParam());
  options.protocol_options = {{"header", "Connection: close"}};
  const LoadResult result = run(make_plan(options));
  expect_accounted_for(result);
  EXPECT_EQ(result.completed, 200U);
  EXPECT_EQ(result.connection_errors.total(), 0U);
  EXPECT_GE(server.accepted(), 200U);
}

// The same where one class of a mix says so, and requests are pipelined where they can be.
TEST_P(ChurnTest, NoRequestFollowsOneOfAMixThatAsksToClose) {
  TestServer server({.reply = kKeptAliveReply, .closes_on = "close"});
  LoadOptions options = http_options(server, GetParam());
  options.mix = {"3 name=stays", "1 name=ends header='Connection: close'"};
  options.pipeline = GetParam() == DriverKind::kThreads ? 1 : 4;
  const LoadResult result = run(make_plan(options));
  expect_accounted_for(result);
  EXPECT_EQ(result.completed, 200U);
  EXPECT_EQ(result.connection_errors.total(), 0U);
  ASSERT_EQ(result.classes.size(), 2U);
  EXPECT_GE(server.accepted() + 3, result.classes[1].completed);
}

INSTANTIATE_TEST_SUITE_P(All, ChurnTest, kAllDrivers, driver_test_name);

}  // namespace
}  // namespace fanin::load
