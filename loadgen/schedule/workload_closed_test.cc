#include <gtest/gtest.h>

#include <vector>

#include "loadgen/schedule/workload_fixture.h"

namespace fanin::load {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

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
  WorkloadBench bench({.connections = 3});
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
  WorkloadBench bench({.connections = 2, .pipeline = 3});
  EXPECT_EQ(bench.send_due(), (Order{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(bench.workload.in_flight(0), 3U);
  EXPECT_EQ(bench.workload.replied(0, 2, bench.clock.now()), 2U);
  EXPECT_EQ(bench.send_due(), (Order{0, 0}));
}

// Would catch: replies matched to the newest request instead of the oldest.
TEST(Workload, PipelinedRepliesBelongToTheOldestRequests) {
  WorkloadBench bench({.connections = 1, .pipeline = 2});
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
  WorkloadBench bench({.connections = 2, .think_time = milliseconds(100)});
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
  WorkloadBench bench({.connections = 1, .pipeline = 2, .requests_per_connection = 3});
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
  WorkloadBench bench({.connections = 1, .think_time = milliseconds(10), .requests_per_connection = 1});
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
  WorkloadBench bench({.connections = 2, .pipeline = 2});
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
  WorkloadBench bench({.connections = 1, .think_time = milliseconds(10)});
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
  WorkloadBench bench({.connections = 1, .pipeline = 2}, std::nullopt, seconds(1));
  bench.send_due();
  bench.workload.replied(0, 1, bench.clock.now());
  EXPECT_EQ(bench.workload.next_due(bench.clock.now()), bench.clock.now());
  bench.clock.advance(seconds(1));
  EXPECT_EQ(bench.workload.next_due(bench.clock.now()), TimePoint::max());
}

TEST(Workload, CountEndsTheWindow) {
  WorkloadBench bench({.connections = 2, .requests = 5});
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

}  // namespace
}  // namespace fanin::load
