#include "loadgen/drivers/loop_clock.h"

#include <gtest/gtest.h>

namespace fanin::load {
namespace {

using std::chrono::microseconds;

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

}  // namespace
}  // namespace fanin::load
