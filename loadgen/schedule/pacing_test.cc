#include "loadgen/schedule/pacing.h"

#include <gtest/gtest.h>

namespace fanin::load {
namespace {

using std::chrono::milliseconds;

constexpr TimePoint kStart{std::chrono::seconds(5)};

// Would catch: pieces of no bytes at low rates, or pauses that do not make the rate.
TEST(Pacer, PieceAndPauseMakeTheRate) {
  const Pacer slow(1, 5);
  EXPECT_EQ(slow.piece(), 1U);
  EXPECT_EQ(slow.pause(), milliseconds(200));
  const Pacer odd(1, 250);
  EXPECT_EQ(odd.piece(), 2U);
  EXPECT_EQ(odd.pause(), milliseconds(8));
  const Pacer fast(1, 1'000'000);
  EXPECT_EQ(fast.piece(), 10'000U);
  EXPECT_EQ(fast.pause(), milliseconds(10));
}

// Would catch: a second piece within a pause, or a pause that never ends.
TEST(Pacer, PausesEndOnceAndInOrder) {
  Pacer pacer(3, 100);  // a byte per 10 ms
  EXPECT_EQ(pacer.next_end(), TimePoint::max());
  pacer.begin_pause(2, kStart);
  pacer.begin_pause(0, kStart + milliseconds(4));
  EXPECT_TRUE(pacer.pauses(2));
  EXPECT_FALSE(pacer.pauses(1));
  EXPECT_EQ(pacer.next_end(), kStart + milliseconds(10));
  EXPECT_EQ(pacer.end_pause(kStart + milliseconds(9)), std::nullopt);
  EXPECT_EQ(pacer.end_pause(kStart + milliseconds(10)), 2U);
  EXPECT_FALSE(pacer.pauses(2));
  EXPECT_EQ(pacer.end_pause(kStart + milliseconds(10)), std::nullopt);
  EXPECT_EQ(pacer.end_pause(kStart + milliseconds(20)), 0U);
}

TEST(Pacer, WithoutARateNothingIsPaced) { EXPECT_FALSE(Pacer(3, std::nullopt).active()); }

// Would catch: all connections sending in the same instant, or one that sends twice in a period.
TEST(Trickle, TurnsAreSpreadOverThePeriod) {
  Trickle trickle(4, milliseconds(100));
  trickle.start(kStart);
  std::uint64_t turns = 0;
  for (TimePoint at = kStart; at < kStart + milliseconds(250); at += milliseconds(25), ++turns) {
    const auto turn = trickle.next(at);
    ASSERT_TRUE(turn.has_value());
    EXPECT_EQ(turn->connection, turns % 4);
    EXPECT_EQ(turn->byte, turns / 4);
    EXPECT_FALSE(trickle.next(at).has_value());
  }
}

TEST(Trickle, WithoutAPeriodNothingTrickles) { EXPECT_FALSE(Trickle(4, {}).next(kStart).has_value()); }

}  // namespace
}  // namespace fanin::load
