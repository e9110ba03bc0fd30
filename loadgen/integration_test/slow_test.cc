// Whole runs with slow senders, slow readers and idle connections that trickle.
#include "loadgen/integration_test/run_fixture.h"
#include "protocols/client_options.h"
#include "protocols/registry.h"

namespace fanin::load {
namespace {

using std::chrono::milliseconds;

class SlowTest : public DriverTest {};

// Each request takes 7 pieces of 10 bytes, so at least 6 pauses of 10 ms. Would catch: a request that leaves faster, or
// a response time that begins only when its last byte has left.
TEST_P(SlowTest, SlowSendersTakeTheirTime) {
  TestServer server(Behaviour::kEchoes);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.send_bytes_per_s = 1000;
  plan.requests = 8;
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.completed, 8U);
  EXPECT_EQ(result.bytes_sent, 8U * 64U);
  EXPECT_GE(result.response.min(), milliseconds(59));  // as the histogram rounds
}

// Would catch: replies that came after the window and were not taken, with io_uring, since a slot of the pipeline was
// free: their requests ended as timeouts.
TEST_P(SlowTest, SlowPipelinesAreAnsweredAfterTheWindow) {
  TestServer server(Behaviour::kEchoes);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.use_protocol("echo", [] { return protocols::find_protocol("echo").make_client({.payload_bytes = 2000}); });
  plan.connections = 1;
  plan.pipeline = 3;
  plan.send_bytes_per_s = 40'000;
  plan.duration = milliseconds(200);
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.completed, result.sent);
}

// Would catch: the rest of a request from an earlier life sent on the connection that takes its place.
TEST_P(SlowTest, WhatWasNotSentIsForgottenWithItsConnection) {
  TestServer server(Behaviour::kReset);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.send_bytes_per_s = 2000;
  plan.duration = milliseconds(500);
  Healer healer(server);
  const LoadResult result = run(plan, {&healer});
  expect_accounted_for(result);
  EXPECT_GT(result.request_errors[ErrorKind::kReset] + result.outside_errors[ErrorKind::kReset], 0U);
  EXPECT_EQ(result.request_errors[ErrorKind::kMismatch], 0U);
  EXPECT_EQ(result.served, 4U);
}

// Would catch: bytes on idle connections that make whole requests, which the server would then answer as such.
TEST_P(SlowTest, IdleConnectionsTrickle) {
  TestServer server(Behaviour::kEchoes);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.use_protocol("goodbye",
                    [] { return protocols::find_protocol("goodbye").make_client({.payload = "abc", .reply = "abc"}); });
  plan.idle = 5;
  plan.trickle = milliseconds(10);
  plan.duration = milliseconds(300);
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.connections.idle_lost, 0U);
  const std::uint64_t of_whole_requests = 4 * server.received_lines();
  EXPECT_EQ(server.received_bytes() - of_whole_requests, 5U * 3U);  // all of "abc\n" but its end
}

INSTANTIATE_TEST_SUITE_P(All, SlowTest, kLoopDrivers, driver_test_name);

// A reply of 2000 bytes is read in 10 pieces. Would catch: a reader that takes what has come at once, or that stops for
// good after the first piece because no edge tells of the rest.
TEST(SlowReader, ReadsAtItsRate) {
  TestServer server(Behaviour::kEchoes);
  LoadPlan plan = plan_for(server.address(), DriverKind::kEpoll);
  plan.use_protocol("echo", [] { return protocols::find_protocol("echo").make_client({.payload_bytes = 2000}); });
  plan.read_bytes_per_s = 20'000;
  plan.receive_buffer_bytes = 4096;
  plan.requests = 8;
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.completed, 8U);
  EXPECT_GE(result.response.min(), milliseconds(89));
}

// Would catch: an end of the stream that comes within a pause and is never noticed.
TEST(SlowReader, SeesTheEnd) {
  TestServer server(Behaviour::kHalfReply);
  LoadPlan plan = plan_for(server.address(), DriverKind::kEpoll);
  plan.read_bytes_per_s = 1000;
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.completed, 0U);
  EXPECT_GT(result.request_errors[ErrorKind::kClosedEarly], 0U);
}

}  // namespace
}  // namespace fanin::load
