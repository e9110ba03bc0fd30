#include <gtest/gtest.h>

#include <deque>
#include <utility>
#include <vector>

#include "loadgen/schedule/workload_fixture.h"

namespace fanin::load {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

ArrivalPlan uniform(double rate) { return {ArrivalKind::kUniform, rate, 1, 1}; }

using Order = std::vector<std::uint32_t>;

TEST(Workload, OpenLoopFollowsTheScheduleWithoutReplies) {
  WorkloadBench bench({.connections = 10}, uniform(1000));
  EXPECT_EQ(bench.send_due().size(), 1U);
  EXPECT_EQ(bench.workload.next_due(bench.clock.now()), bench.clock.now() + milliseconds(1));
  bench.clock.advance(milliseconds(4));
  EXPECT_EQ(bench.send_due().size(), 4U);
}

// Would catch: coordinated omission, that is latency counted from the actual send if no connection was free; and
// lateness counted against the generator if the server stalls.
TEST(Workload, LatencyCountsFromTheIntendedTimeAndAWaitForAConnectionIsNotLateness) {
  WorkloadBench bench({.connections = 1}, uniform(1000));
  bench.send_due();
  bench.clock.advance(milliseconds(50));
  EXPECT_EQ(bench.send_due(), Order{});
  bench.workload.replied(0, 1, bench.clock.now());
  EXPECT_EQ(bench.send_due(), Order{0});  // was due at 1 ms
  bench.clock.advance(milliseconds(1));
  bench.workload.replied(0, 1, bench.clock.now());
  bench.recorder->finish();
  EXPECT_EQ(bench.recorder->queueing().max(), milliseconds(49));
  EXPECT_EQ(bench.recorder->lateness().max(), milliseconds(0));
  EXPECT_EQ(bench.recorder->service().min(), milliseconds(1));
  EXPECT_EQ(bench.recorder->response().count(), 2U);
  EXPECT_EQ(bench.recorder->response().min(), milliseconds(50));
}

// Due at 100 and 200 ms while the only connection was busy until 250 and 260 ms; the one due at 300 ms found it free.
TEST(Workload, CountsRequestsThatFoundNoConnectionFree) {
  WorkloadBench bench({.connections = 1}, uniform(10));
  bench.send_due();
  for (const auto& [until, sent] : {std::pair(milliseconds(250), 1U), std::pair(milliseconds(10), 1U)}) {
    bench.clock.advance(until);
    bench.workload.replied(0, 1, bench.clock.now());
    EXPECT_EQ(bench.send_due().size(), sent);
  }
  bench.clock.advance(milliseconds(5));
  bench.workload.replied(0, 1, bench.clock.now());
  bench.clock.advance(milliseconds(40));
  EXPECT_EQ(bench.send_due().size(), 1U);
  EXPECT_EQ(bench.recorder->queued_count(), 2U);
}

// Would catch: lateness counted against the generator while a connection had to be reopened.
TEST(Workload, CountsRequestsThatFoundNoConnectionUp) {
  WorkloadBench bench({.connections = 1}, uniform(10));
  bench.send_due();
  bench.clock.advance(milliseconds(50));
  bench.workload.unusable(0, bench.clock.now(), ErrorKind::kReset);
  bench.clock.advance(milliseconds(100));
  bench.workload.usable(0, bench.clock.now());
  EXPECT_EQ(bench.send_due().size(), 1U);
  EXPECT_EQ(bench.recorder->queued_count(), 1U);
}

// Would catch: the generator's lateness counted as waiting for a connection. Two requests are due at 2 and 3 ms; slots
// become free at 10 ms, and the generator polls at 15.
TEST(Workload, LatenessCountsFromWhenItsOwnSlotWasFree) {
  WorkloadBench bench({.connections = 1, .pipeline = 2}, uniform(1000));
  EXPECT_EQ(bench.send_due().size(), 1U);
  bench.clock.advance(milliseconds(4));
  EXPECT_EQ(bench.send_due().size(), 1U);  // due at 1 ms, its slot free all along: 3 ms late
  EXPECT_EQ(bench.recorder->lateness().max(), milliseconds(3));
  bench.clock.advance(milliseconds(6));
  bench.workload.replied(0, 2, bench.clock.now());
  bench.clock.advance(milliseconds(5));
  EXPECT_EQ(bench.send_due().size(), 2U);  // due at 2 and 3 ms, free at 10, sent at 15
  EXPECT_EQ(bench.recorder->lateness().max(), milliseconds(5));
  EXPECT_EQ(bench.recorder->queueing().min(), milliseconds(7));
  EXPECT_EQ(bench.recorder->queueing().max(), milliseconds(8));
}

// Would catch: requests that the generator failed to send counted against the server.
TEST(Workload, NeverSentRequestsAreLateOnlyIfASlotWasFree) {
  WorkloadBench bench({.connections = 2}, uniform(10), seconds(1));
  EXPECT_EQ(bench.send_due().size(), 1U);
  bench.clock.advance(seconds(2));
  bench.workload.abandon(bench.clock.now());
  EXPECT_EQ(bench.recorder->lateness().uncompleted(), 1U);  // there was one free connection for the nine
  EXPECT_EQ(bench.recorder->queueing().uncompleted(), 8U);
  bench.expect_all_accounted_for();
}

// Would catch: an overdue request that vanishes because the window closed before a connection was free.
TEST(Workload, DueRequestsAreSentAfterTheCloseOrCountedAsNeverSent) {
  for (const bool wait : {true, false}) {
    WorkloadBench bench({.connections = 1}, uniform(10), seconds(1));
    bench.send_due();
    bench.clock.advance(seconds(2));
    EXPECT_FALSE(bench.workload.finished(bench.clock.now()));
    for (int i = 0; wait && i < 10; ++i) {
      bench.workload.replied(0, 1, bench.clock.now());
      EXPECT_EQ(bench.send_due().size(), i < 9 ? 1U : 0U);
    }
    EXPECT_EQ(bench.workload.finished(bench.clock.now()), wait);
    bench.workload.abandon(bench.clock.now());
    bench.expect_all_accounted_for();
    EXPECT_EQ(bench.recorder->sent_count(), 10U);
    EXPECT_EQ(bench.recorder->completed_count(), wait ? 10U : 0U);
    EXPECT_EQ(bench.recorder->request_errors()[ErrorKind::kNotSent], wait ? 0U : 9U);
    EXPECT_EQ(bench.recorder->request_errors()[ErrorKind::kOpenAtEnd], wait ? 0U : 1U);
  }
}

TEST(Workload, AnInterruptEndsTheWindowAtOnce) {
  WorkloadBench bench({.connections = 1}, uniform(10));
  bench.send_due();
  bench.clock.advance(milliseconds(50));
  bench.workload.replied(0, 1, bench.clock.now());
  bench.workload.close_at(bench.clock.now());
  bench.clock.advance(Nanoseconds(1));
  EXPECT_TRUE(bench.workload.finished(bench.clock.now()));
  bench.clock.advance(seconds(1));
  EXPECT_EQ(bench.send_due(), Order{});
}

// Would catch: a request sent at the time of the interrupt that never gets an outcome.
TEST(Workload, ARequestSentAtAnInterruptIsAccountedFor) {
  WorkloadBench bench({.connections = 1});
  bench.send_due();
  bench.workload.close_at(bench.clock.now());
  bench.clock.advance(milliseconds(1));
  bench.workload.replied(0, 1, bench.clock.now());
  bench.expect_all_accounted_for();
}

// A server that answers after 1 ms but stands still from `stall_begin` on for `stall`. Simulated at 100 us grain.
PercentileValue p95_with_stall(WorkloadBench& bench, Nanoseconds length, Nanoseconds stall_begin, Nanoseconds stall) {
  const TimePoint begin = bench.clock.now();
  std::deque<std::pair<TimePoint, std::uint32_t>> replies;
  while (bench.clock.now() < begin + length + stall) {
    for (const std::uint32_t connection : bench.send_due()) {
      replies.emplace_back(bench.clock.now() + milliseconds(1), connection);
    }
    bench.clock.advance(std::chrono::microseconds(100));
    const bool stalled = bench.clock.now() >= begin + stall_begin && bench.clock.now() < begin + stall_begin + stall;
    while (!stalled && !replies.empty() && replies.front().first <= bench.clock.now()) {
      bench.workload.replied(replies.front().second, 1, bench.clock.now());
      replies.pop_front();
    }
  }
  bench.recorder->finish();
  return bench.recorder->response().percentile(9500);
}

// The classic check: a server stops for 2 s of a 10 s run at a fixed rate. Expected: a request due t after the stop
// waits 2 s - t, then for the t * 1000 requests before it, which 10 connections at 1 ms each serve at 10,000/s. So its
// latency is 2 s - 0.9 t. The 95th percentile is the 500th request, t = 0.5 s: 1.55 s. A generator that omits the
// requests it could not send shows 1 ms.
TEST(CoordinatedOmission, AStallShowsInTheOpenLoop) {
  WorkloadBench open({.connections = 10}, uniform(1000));
  const PercentileValue p95 = p95_with_stall(open, seconds(10), seconds(4), seconds(2));
  ASSERT_EQ(p95.kind, PercentileValue::Kind::kFinite);
  EXPECT_NEAR(static_cast<double>(p95.value.count()), 1.55e9, 0.02e9);
  EXPECT_LE(open.recorder->service().percentile(9500).value, milliseconds(2));
  EXPECT_EQ(open.recorder->lateness().max(), milliseconds(0));  // the server caused all of it
  EXPECT_GT(open.recorder->queued_count(), 1900U);
  EXPECT_EQ(open.recorder->completed_count(), 10'000U);
}

// A closed loop hides the stall, so results name their loop.
TEST(CoordinatedOmission, AStallHidesInTheClosedLoop) {
  WorkloadBench closed({.connections = 10});
  EXPECT_LE(p95_with_stall(closed, seconds(10), seconds(4), seconds(2)).value, milliseconds(2));
}

}  // namespace
}  // namespace fanin::load
