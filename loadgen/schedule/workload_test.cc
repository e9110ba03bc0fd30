#include "loadgen/schedule/workload.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <utility>
#include <vector>

namespace fanin::load {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A workload over connections that are all up, with its clock.
struct Bench {
  explicit Bench(const WorkloadPlan& plan, std::optional<ArrivalPlan> arrival = std::nullopt,
                 Nanoseconds window = seconds(10))
      : recorder(std::make_unique<Recorder>(arrival.has_value())),
        workload(plan, arrival ? std::optional(Schedule(*arrival, 0)) : std::nullopt, *recorder) {
    for (std::uint32_t i = 0; i < plan.connections; ++i) {
      workload.usable(i);
    }
    const TimePoint close = plan.requests ? TimePoint::max() : clock.now() + window;
    workload.start({clock.now(), clock.now(), close});
  }

  // Connections of all requests that are due now, in sending order.
  std::vector<std::uint32_t> send_due() {
    std::vector<std::uint32_t> order;
    while (const auto connection = workload.next(clock.now())) {
      order.push_back(*connection);
    }
    return order;
  }

  void expect_all_accounted_for() const {
    EXPECT_EQ(recorder->sent_count(),
              recorder->completed_count() + recorder->failed_count() + recorder->unanswered_count());
    EXPECT_EQ(recorder->request_errors().total(), recorder->failed_count() + recorder->unanswered_count());
    EXPECT_EQ(recorder->outstanding(), 0U);
  }

  net::FakeClock clock;
  std::unique_ptr<Recorder> recorder;
  Workload workload;
};

ArrivalPlan uniform(double rate) { return {ArrivalKind::kUniform, rate, 1, 1}; }

using Order = std::vector<std::uint32_t>;

// Would catch: a refused request that is counted twice, or whose slot is not free again.
TEST(ClosedLoop, ARefusedRequestFailsAndItsConnectionStaysUsable) {
  Recorder recorder(false);
  Workload workload({.connections = 1, .pipeline = 2}, std::nullopt, recorder);
  workload.usable(0);
  const TimePoint start{};
  workload.start({.start = start, .open = start, .close = start + std::chrono::seconds(1)});
  ASSERT_TRUE(workload.next(start));
  ASSERT_TRUE(workload.next(start));
  workload.refused(0, ErrorKind::kHttpStatus, start + std::chrono::milliseconds(1));
  EXPECT_EQ(workload.in_flight(0), 1U);
  EXPECT_EQ(workload.replied(0, 1, start + std::chrono::milliseconds(2)), 1U);
  workload.refused(0, ErrorKind::kHttpStatus, start + std::chrono::milliseconds(3));  // nothing is in flight
  EXPECT_EQ(recorder.request_errors()[ErrorKind::kHttpStatus], 1U);
  EXPECT_EQ(recorder.failed_count(), 1U);
  EXPECT_EQ(recorder.completed_count(), 1U);
  EXPECT_EQ(workload.replies(0), 2U);
  EXPECT_TRUE(workload.next(start + std::chrono::milliseconds(4)));
}

// Would catch: LIFO order, which starves connections.
TEST(Workload, TheConnectionFreeForLongestIsNext) {
  Bench bench({.connections = 3});
  EXPECT_EQ(bench.send_due(), (Order{0, 1, 2}));
  bench.workload.replied(1, 1, bench.clock.now());
  bench.workload.replied(0, 1, bench.clock.now());
  EXPECT_EQ(bench.send_due(), (Order{1, 0}));
}

TEST(Workload, NothingBeforeTheStart) {
  Recorder recorder(false);
  Workload workload({.connections = 1}, std::nullopt, recorder);
  workload.usable(0);
  net::FakeClock clock;
  EXPECT_FALSE(workload.next(clock.now()));
  workload.start({clock.now() + seconds(1), clock.now() + seconds(2), clock.now() + seconds(3)});
  EXPECT_FALSE(workload.next(clock.now()));
  EXPECT_EQ(workload.next_due(clock.now()), clock.now() + seconds(1));
  EXPECT_TRUE(workload.next(clock.now() + seconds(1)));
}

TEST(Workload, ThePipelineFillsUpAndEachReplyFreesOneSlot) {
  Bench bench({.connections = 2, .pipeline = 3});
  EXPECT_EQ(bench.send_due(), (Order{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(bench.workload.in_flight(0), 3U);
  EXPECT_EQ(bench.workload.replied(0, 2, bench.clock.now()), 2U);
  EXPECT_EQ(bench.send_due(), (Order{0, 0}));
}

// Would catch: replies matched to the newest request instead of the oldest.
TEST(Workload, PipelinedRepliesBelongToTheOldestRequests) {
  Bench bench({.connections = 1, .pipeline = 2});
  bench.workload.next(bench.clock.now());
  bench.clock.advance(milliseconds(10));
  bench.workload.next(bench.clock.now());
  bench.clock.advance(milliseconds(5));
  bench.workload.replied(0, 1, bench.clock.now());
  bench.recorder->finish();
  EXPECT_EQ(bench.recorder->response().max(), milliseconds(15));
}

// Would catch: think time counted as latency, or pauses that end in the wrong order.
TEST(Workload, ThinkTimeDelaysTheNextRequestAndIsNotLatency) {
  Bench bench({.connections = 2, .think_time = milliseconds(100)});
  bench.send_due();
  bench.clock.advance(milliseconds(1));
  bench.workload.replied(1, 1, bench.clock.now());
  EXPECT_EQ(bench.workload.next_due(bench.clock.now()), bench.clock.now() + milliseconds(100));
  bench.clock.advance(milliseconds(99));
  bench.workload.replied(0, 1, bench.clock.now());
  bench.workload.wake(bench.clock.now());
  EXPECT_EQ(bench.send_due(), Order{});
  bench.clock.advance(milliseconds(1));
  bench.workload.wake(bench.clock.now());
  EXPECT_EQ(bench.send_due(), Order{1});
  bench.clock.advance(milliseconds(2));
  bench.workload.replied(1, 1, bench.clock.now());
  bench.recorder->finish();
  EXPECT_EQ(bench.recorder->response().count(), 3U);
  EXPECT_EQ(bench.recorder->response().max(), milliseconds(100));  // connection 0, which was slow
  EXPECT_EQ(bench.recorder->response().min(), milliseconds(1));
}

TEST(Workload, AConnectionRetiresAfterItsNumberOfRequests) {
  Bench bench({.connections = 1, .pipeline = 2, .requests_per_connection = 3});
  EXPECT_EQ(bench.send_due().size(), 2U);
  bench.workload.replied(0, 1, bench.clock.now());
  EXPECT_EQ(bench.send_due().size(), 1U);
  bench.workload.replied(0, 1, bench.clock.now());
  EXPECT_FALSE(bench.workload.retired());
  EXPECT_EQ(bench.send_due().size(), 0U);
  bench.workload.replied(0, 1, bench.clock.now());
  EXPECT_EQ(bench.workload.retired(), std::optional<std::uint32_t>(0));
  EXPECT_FALSE(bench.workload.retired());
  bench.workload.unusable(0, bench.clock.now(), ErrorKind::kOpenAtEnd);
  bench.workload.usable(0);
  EXPECT_EQ(bench.send_due().size(), 2U);
}

// The tutorial's pattern: one request per connection, which stays open while its owner thinks.
// Would catch: a request pipelined behind one that asks the server to close, or a connection that stays unusable when
// it is reopened.
TEST(Workload, NothingFollowsARequestThatAsksToClose) {
  const protocols::RequestMix mix(1, std::vector<double>{1, 1}, {false, true});
  std::uint32_t number = 0;  // of the first request that asks to close
  while (mix.pick_class(0, number) == 0) {
    ++number;
  }
  Recorder recorder(false);
  ClassRecorder classes(mix, 0, 1);
  const std::uint32_t pipeline = number + 3;
  Workload workload({.connections = 1, .pipeline = pipeline}, std::nullopt, recorder, nullptr, &classes);
  workload.usable(0);
  workload.start({});
  const TimePoint at{};
  for (std::uint32_t i = 0; i <= number; ++i) {
    ASSERT_TRUE(workload.next(at)) << i;
  }
  EXPECT_FALSE(workload.next(at));
  EXPECT_EQ(workload.replied(0, number + 1, at), number + 1);
  EXPECT_FALSE(workload.next(at));
  workload.unusable(0, at, ErrorKind::kClosedEarly);
  workload.usable(0, at);
  EXPECT_TRUE(workload.next(at));
  EXPECT_EQ(recorder.failed_count(), 0U);
}

TEST(Workload, RetiresOnlyAfterThePause) {
  Bench bench({.connections = 1, .think_time = milliseconds(10), .requests_per_connection = 1});
  bench.send_due();
  bench.workload.replied(0, 1, bench.clock.now());
  EXPECT_FALSE(bench.workload.retired());
  bench.clock.advance(milliseconds(10));
  bench.workload.wake(bench.clock.now());
  EXPECT_TRUE(bench.workload.retired());
}

// Would catch: requests on a broken connection, or a connection that gets one more queue entry with each break until
// the queue overflows.
TEST(Workload, AReopenedConnectionKeepsTheQueueInOrder) {
  Bench bench({.connections = 2, .pipeline = 2});
  for (int round = 0; round < 1000; ++round) {
    bench.workload.unusable(0, bench.clock.now(), ErrorKind::kReset);
    EXPECT_TRUE(bench.workload.may_send(bench.clock.now()));
    bench.workload.usable(0);
  }
  const Order order = bench.send_due();
  EXPECT_EQ(std::count(order.begin(), order.end(), 0U), 2);
  EXPECT_EQ(std::count(order.begin(), order.end(), 1U), 2);
  bench.workload.unusable(0, bench.clock.now(), ErrorKind::kReset);
  EXPECT_EQ(bench.recorder->failed_count(), 2U);
  EXPECT_EQ(bench.send_due(), Order{});
}

TEST(Workload, ASlotThatThinksWhileItsConnectionBreaksComesBackOnce) {
  Bench bench({.connections = 1, .think_time = milliseconds(10)});
  bench.send_due();
  bench.workload.replied(0, 1, bench.clock.now());
  bench.workload.unusable(0, bench.clock.now(), ErrorKind::kClosedEarly);
  bench.workload.usable(0);
  EXPECT_EQ(bench.send_due(), Order{});
  bench.clock.advance(milliseconds(10));
  bench.workload.wake(bench.clock.now());
  EXPECT_EQ(bench.send_due(), Order{0});
}

// Would catch: a free pipeline slot that stays due after the window. A loop with pauses then never slept: it used a
// whole CPU and, with io_uring, handled no more replies.
TEST(Workload, NothingIsDueAfterTheWindowOfAClosedLoop) {
  Bench bench({.connections = 1, .pipeline = 2}, std::nullopt, seconds(1));
  bench.send_due();
  bench.workload.replied(0, 1, bench.clock.now());
  EXPECT_EQ(bench.workload.next_due(bench.clock.now()), bench.clock.now());
  bench.clock.advance(seconds(1));
  EXPECT_EQ(bench.workload.next_due(bench.clock.now()), TimePoint::max());
}

TEST(Workload, OpenLoopFollowsTheScheduleWithoutReplies) {
  Bench bench({.connections = 10}, uniform(1000));
  EXPECT_EQ(bench.send_due().size(), 1U);
  EXPECT_EQ(bench.workload.next_due(bench.clock.now()), bench.clock.now() + milliseconds(1));
  bench.clock.advance(milliseconds(4));
  EXPECT_EQ(bench.send_due().size(), 4U);
}

// Would catch: coordinated omission, that is latency counted from the actual send if no connection was free; and
// lateness counted against the generator if the server stalls.
TEST(Workload, LatencyCountsFromTheIntendedTimeAndAWaitForAConnectionIsNotLateness) {
  Bench bench({.connections = 1}, uniform(1000));
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

TEST(Workload, CountEndsTheWindow) {
  Bench bench({.connections = 2, .requests = 5});
  std::size_t sent = bench.send_due().size();
  for (int i = 0; i < 10; ++i) {
    bench.clock.advance(milliseconds(1));
    bench.workload.replied(0, bench.workload.in_flight(0), bench.clock.now());
    bench.workload.replied(1, bench.workload.in_flight(1), bench.clock.now());
    sent += bench.send_due().size();
  }
  EXPECT_EQ(sent, 5U);
  EXPECT_TRUE(bench.workload.finished(bench.clock.now()));
  bench.expect_all_accounted_for();
}

// Would catch: a request of the warm-up that counts because its reply comes within the window.
TEST(Workload, AWindowCountsRequestsDueWithinIt) {
  Recorder recorder(false);
  Workload workload({.connections = 3}, std::nullopt, recorder);
  net::FakeClock clock;
  for (std::uint32_t i = 0; i < 3; ++i) {
    workload.usable(i);
  }
  workload.start({clock.now(), clock.now() + seconds(1), clock.now() + seconds(2)});
  workload.next(clock.now());  // connection 0, in the warm-up
  clock.advance(seconds(1));
  workload.next(clock.now());  // connection 1, in the window
  workload.replied(0, 1, clock.now());
  clock.advance(seconds(1));
  EXPECT_FALSE(workload.next(clock.now()));  // too late
  EXPECT_FALSE(workload.finished(clock.now()));
  workload.replied(1, 1, clock.now());
  EXPECT_TRUE(workload.finished(clock.now()));
  EXPECT_EQ(recorder.sent_count(), 1U);
  EXPECT_EQ(recorder.completed_count(), 1U);
  EXPECT_EQ(workload.replies(0), 0U);
  EXPECT_EQ(workload.replies(1), 1U);
}

// Due at 100 and 200 ms while the only connection was busy until 250 and 260 ms; the one due at 300 ms found it free.
TEST(Workload, CountsRequestsThatFoundNoConnectionFree) {
  Bench bench({.connections = 1}, uniform(10));
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
  Bench bench({.connections = 1}, uniform(10));
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
  Bench bench({.connections = 1, .pipeline = 2}, uniform(1000));
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
  Bench bench({.connections = 2}, uniform(10), seconds(1));
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
    Bench bench({.connections = 1}, uniform(10), seconds(1));
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
  Bench bench({.connections = 1}, uniform(10));
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
  Bench bench({.connections = 1});
  bench.send_due();
  bench.workload.close_at(bench.clock.now());
  bench.clock.advance(milliseconds(1));
  bench.workload.replied(0, 1, bench.clock.now());
  bench.expect_all_accounted_for();
}

// A server that answers after 1 ms but stands still from `stall_begin` on for `stall`. Simulated at 100 us grain.
PercentileValue p95_with_stall(Bench& bench, Nanoseconds length, Nanoseconds stall_begin, Nanoseconds stall) {
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
  Bench open({.connections = 10}, uniform(1000));
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
  Bench closed({.connections = 10});
  EXPECT_LE(p95_with_stall(closed, seconds(10), seconds(4), seconds(2)).value, milliseconds(2));
}

}  // namespace
}  // namespace fanin::load
