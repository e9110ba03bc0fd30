// Tests of the parts of an event loop that need no sockets.
#include "loadgen/drivers/event_loop.h"

#include <gtest/gtest.h>

#include <string>

namespace fanin::load {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// Would catch: work counted as spinning, which makes the generator look cheaper than it is.
TEST(BusyPollMeter, CountsOnlyIntervalsBetweenTwoEmptyPolls) {
  BusyPollMeter meter;
  const TimePoint start{};
  meter.idle(start, true);  // the time before is unknown
  meter.idle(start + microseconds(1), true);
  meter.idle(start + microseconds(3), true);
  meter.busy(start + microseconds(12), 1, true);
  meter.idle(start + microseconds(13), true);
  meter.idle(start + microseconds(14), true);
  meter.idle(start + microseconds(15), false);  // outside the window
  EXPECT_EQ(meter.spun(), microseconds(4));
  EXPECT_EQ(meter.preemptions().count, 0U);
}

TEST(BusyPollMeter, AGapIsAPreemptionAndNotSpinning) {
  BusyPollMeter meter;
  const TimePoint start{};
  meter.idle(start, true);
  meter.idle(start + microseconds(20), true);
  meter.idle(start + microseconds(520), true);
  meter.idle(start + microseconds(521), true);
  EXPECT_EQ(meter.spun(), microseconds(1));
  EXPECT_EQ(meter.preemptions().count, 2U);
  EXPECT_EQ(meter.preemptions().total, microseconds(520));
  EXPECT_EQ(meter.preemptions().longest, microseconds(500));
}

// Would catch: preemptions detected only before an empty poll, which is rare in a busy loop, since replies come in the
// meantime.
TEST(BusyPollMeter, APreemptionIsDetectedDuringWorkToo) {
  BusyPollMeter meter(BusyPollMeter::kSubmitted);
  const TimePoint start{};
  meter.idle(start, true);
  meter.busy(start + microseconds(300), 0, true);                   // an event, 300 us later
  meter.busy(start + microseconds(300 + 59), 2, true);              // two requests may take 40 us, and no more
  meter.busy(start + microseconds(300 + 59 + 60), 2, true);         // 60 us: a preemption of 20 us
  meter.busy(start + microseconds(300 + 59 + 60 + 100), 0, false);  // outside the window
  EXPECT_EQ(meter.preemptions().count, 2U);
  EXPECT_EQ(meter.preemptions().total, microseconds(320));
  EXPECT_EQ(meter.preempted(), microseconds(420));
  EXPECT_EQ(meter.spun(), microseconds(0));
}

// Would catch: pipelined requests of one system call counted as one call each, which hides one preemption in ten.
TEST(BusyPollMeter, PipelinedRequestsShareTheirSystemCalls) {
  BusyPollMeter meter(BusyPollMeter::kPipelined);
  const TimePoint start{};
  meter.busy(start, 0, true);
  meter.busy(start + microseconds(49), 15, true);  // 30 us for them, and not 20 us more
  EXPECT_EQ(meter.preemptions().count, 0U);
  meter.busy(start + microseconds(49 + 50), 15, true);
  EXPECT_EQ(meter.preemptions().count, 1U);
  EXPECT_EQ(meter.preemptions().total, microseconds(20));
}

TEST(BusyPollMeter, PreemptedTimeAddsUpUntilTheBacklogIsReset) {
  BusyPollMeter meter;
  const TimePoint start{};
  meter.idle(start, true);
  meter.idle(start + microseconds(150), true);
  meter.busy(start + microseconds(200), 0, true);
  EXPECT_EQ(meter.preempted(), microseconds(200));
  meter.reset_backlog();
  EXPECT_EQ(meter.preempted(), microseconds(0));
  meter.busy(start + microseconds(210), 0, true);
  EXPECT_EQ(meter.preempted(), microseconds(0));
}

// Would catch: connections being opened counted as a preemption.
TEST(BusyPollMeter, NonRequestWorkIsNoPreemption) {
  BusyPollMeter meter;
  const TimePoint start{};
  meter.busy(start + microseconds(1000), 0, true);  // the time before is unknown
  meter.skip_interval();
  meter.busy(start + microseconds(2000), 0, true);
  meter.skip_interval();
  meter.idle(start + microseconds(3000), true);
  EXPECT_EQ(meter.preemptions().count, 0U);
  EXPECT_EQ(meter.spun(), microseconds(0));
}

constexpr BatchLimits kLimits{.min = 4, .max = 32, .fraction = 4};

// Would catch: a batch that leaves the server idle, or that grows without bound.
TEST(BatchLimits, SizeIsAFractionOfTheConnectionsWithinTheLimits) {
  const LoadPlan plan;
  EXPECT_EQ(choose_batch_size(plan, 1, kLimits), 4U);
  EXPECT_EQ(choose_batch_size(plan, 19, kLimits), 4U);
  EXPECT_EQ(choose_batch_size(plan, 50, kLimits), 12U);
  EXPECT_EQ(choose_batch_size(plan, 128, kLimits), 32U);
  EXPECT_EQ(choose_batch_size(plan, 1'000'000, kLimits), 32U);
  EXPECT_EQ(choose_batch_size(plan, 19, {.min = 4, .max = 32, .fraction = 1}), 19U);
}

// Would catch: requests late because others of their batch come first, and preemptions counted as work.
TEST(BatchLimits, SizeIsTheMinimumForARateOrALoopThatSpins) {
  LoadPlan scheduled;
  scheduled.rate_per_s = 2000;
  EXPECT_EQ(choose_batch_size(scheduled, 1000, kLimits), 4U);
  LoadPlan spinning;
  spinning.idle_strategy.kind = IdleStrategy::kSpin;
  EXPECT_EQ(choose_batch_size(spinning, 1000, kLimits), 4U);
}

// Would catch: bytes lost, repeated or out of order when a socket takes a part of each piece (a pipeline of large
// requests used to be copied whole for each part, which is quadratic).
TEST(WaitingBytes, LeaveInOrderIfTheSocketTakesAPart) {
  for (const std::size_t most : {1U, 3U, 7U, 100U}) {
    for (const std::size_t taken : {0U, 1U, 2U, 50U}) {
      WaitingBytes waiting;
      std::string expected;
      std::string sent;
      std::string piece;
      for (int i = 0; i < 400 || !waiting.empty(); ++i) {
        if (i < 100) {
          const std::string bytes(static_cast<std::size_t>(i % 5), static_cast<char>('a' + i % 26));
          waiting.push_back(bytes);
          expected += bytes;
        }
        waiting.pop_front(most, piece);
        const std::size_t left = i < 200 ? std::min(taken, piece.size()) : piece.size();
        sent += piece.substr(0, left);
        waiting.push_front(std::string_view(piece).substr(left));
      }
      EXPECT_EQ(sent, expected) << most << " " << taken;
    }
  }
}

TEST(WaitingBytes, TakeBackMoreThanTheySent) {
  WaitingBytes waiting;
  std::string piece;
  waiting.push_back("world");
  waiting.push_front("hello ");
  waiting.pop_front(100, piece);
  EXPECT_EQ(piece, "hello world");
  EXPECT_TRUE(waiting.empty());
}

// Would catch: a connection opened twice or never, or new ones before those that have closed.
TEST(OpenQueue, OpensEachConnectionOnceAndThoseThatClosedFirst) {
  OpenQueue queue(1, 3, 4);  // three active connections and an idle one; the first is opened on demand
  EXPECT_EQ(queue.pop(), 1U);
  queue.push(1);
  EXPECT_EQ(queue.pop(), 1U);
  EXPECT_EQ(queue.pop(), 2U);
  EXPECT_EQ(queue.pop(), 3U);
  EXPECT_TRUE(queue.empty());
}

// Would catch: a retry before its delay, or repeated.
TEST(OpenQueue, ARetryIsDueOnce) {
  const TimePoint start{};
  OpenQueue queue(2, 2, 2);
  queue.push_retry(1, start + milliseconds(100));
  EXPECT_EQ(queue.pop_retry(start + milliseconds(99)), std::nullopt);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.pop_retry(start + milliseconds(100)), 1U);
  EXPECT_EQ(queue.pop_retry(start + milliseconds(100)), std::nullopt);
}

// Would catch: an event of a closed connection taken for one of its successor, or for the idle one after it.
TEST(LinkTable, ATagNamesOneLifeOfOneConnection) {
  std::vector<ConnectionRecord> active(2);
  LinkTable links(active, 1);
  EXPECT_EQ(links.size(), 3U);
  EXPECT_FALSE(links.is_idle(1));
  EXPECT_TRUE(links.is_idle(2));
  for (const std::uint32_t index : {1U, 2U}) {
    links[index].phase = Link::Phase::kUp;
    const std::uint64_t tag = links.make_tag(index);
    EXPECT_TRUE(links.is_current(tag));
    links[index].phase = Link::Phase::kDown;
    EXPECT_FALSE(links.is_current(tag));
    links[index].phase = Link::Phase::kUp;
    ++links[index].life;
    EXPECT_FALSE(links.is_current(tag));
  }
  EXPECT_EQ(&links[1], &active[1].link);
}

// Would catch: loops of interleaved targets that all spin, so that each is late by the others' turns on the CPU, or a
// sleep until the next slice taken for a preemption.
TEST(LoopClock, ALoopThatRestsDoesNotSpin) {
  Recorder recorder(false, Nanoseconds::max());
  const Workload workload({.connections = 1}, std::nullopt, recorder);
  LoopClock clock({.spins = true, .timed = true, .per_request = BusyPollMeter::kPipelined}, workload, recorder);
  clock.start_traffic();
  clock.read();
  EXPECT_TRUE(clock.spins());
  clock.rest(true);
  EXPECT_FALSE(clock.spins());
  const TimePoint before = net::now();
  while (net::now() < before + 2 * BusyPollMeter::kMinPreemption) {
  }
  clock.read();
  clock.rest(false);
  EXPECT_TRUE(clock.spins());
  clock.read();
  EXPECT_EQ(clock.meter().preempted(), Nanoseconds(0));
}

}  // namespace
}  // namespace fanin::load
