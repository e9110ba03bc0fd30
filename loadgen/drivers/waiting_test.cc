#include "loadgen/drivers/waiting.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace fanin {
namespace {

using std::chrono::microseconds;

WaitKind chosen(const WaitCircumstances& circumstances) { return choose_wait(circumstances).kind; }

TEST(ChooseWait, SpinsInAnOpenLoopWithACpuOfItsOwn) {
  EXPECT_EQ(chosen({.open_loop = true, .own_cpus = {1}, .server_cpus = {0}, .pinned = true}), WaitKind::kSpin);
  EXPECT_EQ(chosen({.open_loop = true, .own_cpus = {0, 1}, .server_cpus = {0, 1}}), WaitKind::kSpin);
  EXPECT_EQ(chosen({.open_loop = true, .own_cpus = {1}, .pinned = true}), WaitKind::kSpin);
  EXPECT_EQ(chosen({.open_loop = true, .threads = 2, .own_cpus = {0, 1, 2}}), WaitKind::kSpin);
}

// Would catch: a generator that spins the server off its only CPU.
TEST(ChooseWait, SleepsWhereTheServerNeedsTheCpu) {
  EXPECT_EQ(chosen({.open_loop = true, .own_cpus = {0}, .server_cpus = {0}}), WaitKind::kSleep);
  EXPECT_EQ(chosen({.open_loop = true, .own_cpus = {0}}), WaitKind::kSleep);
  EXPECT_EQ(chosen({.open_loop = true, .threads = 2, .own_cpus = {0, 1}}), WaitKind::kSleep);
  EXPECT_EQ(chosen({.open_loop = true, .threads = 2, .own_cpus = {0, 1}, .server_cpus = {0}}), WaitKind::kSleep);
  EXPECT_EQ(chosen({.open_loop = true}), WaitKind::kSleep);
}

TEST(ChooseWait, SleepsInAClosedLoopAndWithAThreadPerConnection) {
  EXPECT_EQ(chosen({.own_cpus = {1}, .server_cpus = {0}}), WaitKind::kSleep);
  EXPECT_EQ(chosen({.open_loop = true, .event_loops = false, .own_cpus = {0, 1}}), WaitKind::kSleep);
}

TEST(ChooseWait, AWishIsGrantedOrRefused) {
  EXPECT_EQ(chosen({.wish = "spin", .own_cpus = {0}}), WaitKind::kSpin);
  EXPECT_EQ(chosen({.wish = "sleep", .open_loop = true, .own_cpus = {0, 1}}), WaitKind::kSleep);
  EXPECT_THROW(chosen({.wish = "spin", .event_loops = false}), std::invalid_argument);
  EXPECT_THROW(chosen({.wish = "doze"}), std::invalid_argument);
}

// Would catch: work that passes for spinning, which would make the generator look cheaper than it is.
TEST(SpinMeter, CountsOnlyWhatLiesBetweenTwoIdleLooks) {
  SpinMeter meter;
  const TimePoint start{};
  meter.idle(start, true);  // what came before is not known
  meter.idle(start + microseconds(1), true);
  meter.idle(start + microseconds(3), true);
  meter.busy(start + microseconds(12), 1, true);
  meter.idle(start + microseconds(13), true);
  meter.idle(start + microseconds(14), true);
  meter.idle(start + microseconds(15), false);  // outside the window
  EXPECT_EQ(meter.spun(), microseconds(4));
  EXPECT_EQ(meter.stalls().count, 0U);
}

TEST(SpinMeter, AGapIsAStallAndNoSpinning) {
  SpinMeter meter;
  const TimePoint start{};
  meter.idle(start, true);
  meter.idle(start + microseconds(20), true);
  meter.idle(start + microseconds(520), true);
  meter.idle(start + microseconds(521), true);
  EXPECT_EQ(meter.spun(), microseconds(1));
  EXPECT_EQ(meter.stalls().count, 2U);
  EXPECT_EQ(meter.stalls().total, microseconds(520));
  EXPECT_EQ(meter.stalls().longest, microseconds(500));
}

// Would catch: only stalls being seen after which there is nothing to do, which is hardly ever so in a busy loop, since
// replies come in the meantime.
TEST(SpinMeter, AStallShowsInWorkToo) {
  SpinMeter meter(SpinMeter::kSubmitted);
  const TimePoint start{};
  meter.idle(start, true);
  meter.busy(start + microseconds(300), 0, true);                   // found news 300 us later
  meter.busy(start + microseconds(300 + 59), 2, true);              // two requests may take 40 us, and no more
  meter.busy(start + microseconds(300 + 59 + 60), 2, true);         // 60 us: a stall of 20 us
  meter.busy(start + microseconds(300 + 59 + 60 + 100), 0, false);  // outside the window
  EXPECT_EQ(meter.stalls().count, 2U);
  EXPECT_EQ(meter.stalls().total, microseconds(320));
  EXPECT_EQ(meter.stolen(), microseconds(420));
  EXPECT_EQ(meter.spun(), microseconds(0));
}

// Would catch: requests that leave in one system call passing for as many, so that one stall in ten is not seen where
// they are pipelined.
TEST(SpinMeter, PipelinedRequestsShareTheirSystemCalls) {
  SpinMeter meter(SpinMeter::kPipelined);
  const TimePoint start{};
  meter.busy(start, 0, true);
  meter.busy(start + microseconds(49), 15, true);  // 30 us for them, and not 20 us more
  EXPECT_EQ(meter.stalls().count, 0U);
  meter.busy(start + microseconds(49 + 50), 15, true);
  EXPECT_EQ(meter.stalls().count, 1U);
  EXPECT_EQ(meter.stalls().total, microseconds(20));
}

TEST(SpinMeter, WhatIsStolenAddsUpUntilTheLoopHasCaughtUp) {
  SpinMeter meter;
  const TimePoint start{};
  meter.idle(start, true);
  meter.idle(start + microseconds(150), true);
  meter.busy(start + microseconds(200), 0, true);
  EXPECT_EQ(meter.stolen(), microseconds(200));
  meter.caught_up();
  EXPECT_EQ(meter.stolen(), microseconds(0));
  meter.busy(start + microseconds(210), 0, true);
  EXPECT_EQ(meter.stolen(), microseconds(0));
}

// Would catch: connections being opened passing for a stall.
TEST(SpinMeter, OtherWorkIsNoStall) {
  SpinMeter meter;
  const TimePoint start{};
  meter.busy(start + microseconds(1000), 0, true);  // what came before is not known
  meter.other_work();
  meter.busy(start + microseconds(2000), 0, true);
  meter.other_work();
  meter.idle(start + microseconds(3000), true);
  EXPECT_EQ(meter.stalls().count, 0U);
  EXPECT_EQ(meter.spun(), microseconds(0));
}

}  // namespace
}  // namespace fanin
