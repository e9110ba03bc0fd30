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
  meter.work();
  meter.idle(start + microseconds(13), true);
  meter.idle(start + microseconds(14), true);
  meter.idle(start + microseconds(15), false);  // outside the window
  EXPECT_EQ(meter.spun(), microseconds(4));
  EXPECT_EQ(meter.stalls().count, 0U);
}

// Within a stall of 500 us, what is due in its first 400 us leaves more than 100 us late.
TEST(SpinMeter, AGapIsAStallAndNoSpinning) {
  SpinMeter meter(microseconds(100));
  const TimePoint start{};
  meter.idle(start, true);
  meter.idle(start + microseconds(20), true);
  meter.idle(start + microseconds(520), true);
  meter.idle(start + microseconds(521), true);
  EXPECT_EQ(meter.spun(), microseconds(1));
  EXPECT_EQ(meter.stalls().count, 2U);
  EXPECT_EQ(meter.stalls().total, microseconds(520));
  EXPECT_EQ(meter.stalls().longest, microseconds(500));
  EXPECT_EQ(meter.stalls().late, microseconds(400));
}

}  // namespace
}  // namespace fanin
