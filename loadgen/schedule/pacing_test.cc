#include "loadgen/schedule/pacing.h"

#include <gtest/gtest.h>

namespace fanin::load {
namespace {

using std::chrono::milliseconds;

constexpr TimePoint kPacingStart{std::chrono::seconds(5)};

TEST(Ring, IsFifoAcrossTheWrapAround) {
  Ring<int> ring(3);
  int next_in = 0;
  int next_out = 0;
  for (int i = 0; i < 3; ++i) {
    ring.push(next_in++);
  }
  for (int i = 0; i < 100; ++i) {  // never empty, so that it wraps around
    EXPECT_EQ(ring.pop(), next_out++);
    ring.push(next_in++);
    EXPECT_EQ(ring.size(), 3U);
    EXPECT_EQ(ring.front(), next_out);
  }
}

// Would catch: an empty ring that resets only one of its ends.
TEST(Ring, RestartsWhenEmpty) {
  Ring<int> ring(4);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(ring.empty());
    ring.push(i);
    ring.push(-i);
    EXPECT_EQ(ring.size(), 2U);
    EXPECT_EQ(ring.pop(), i);
    EXPECT_EQ(ring.pop(), -i);
  }
}

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
  pacer.begin_pause(2, kPacingStart);
  pacer.begin_pause(0, kPacingStart + milliseconds(4));
  EXPECT_TRUE(pacer.pauses(2));
  EXPECT_FALSE(pacer.pauses(1));
  EXPECT_EQ(pacer.next_end(), kPacingStart + milliseconds(10));
  EXPECT_EQ(pacer.end_pause(kPacingStart + milliseconds(9)), std::nullopt);
  EXPECT_EQ(pacer.end_pause(kPacingStart + milliseconds(10)), 2U);
  EXPECT_FALSE(pacer.pauses(2));
  EXPECT_EQ(pacer.end_pause(kPacingStart + milliseconds(10)), std::nullopt);
  EXPECT_EQ(pacer.end_pause(kPacingStart + milliseconds(20)), 0U);
}

TEST(Pacer, WithoutARateNothingIsPaced) { EXPECT_FALSE(Pacer(3, std::nullopt).active()); }

// Would catch: all connections sending in the same instant, or one that sends twice in a period.
TEST(Trickle, BytesAreSpreadOverThePeriod) {
  Trickle trickle(4, milliseconds(100));
  trickle.start(kPacingStart);
  std::uint64_t sent = 0;
  for (TimePoint at = kPacingStart; at < kPacingStart + milliseconds(250); at += milliseconds(25), ++sent) {
    const auto byte = trickle.next(at);
    ASSERT_TRUE(byte.has_value());
    EXPECT_EQ(byte->connection, sent % 4);
    EXPECT_EQ(byte->number, sent / 4);
    EXPECT_FALSE(trickle.next(at).has_value());
  }
}

TEST(Trickle, WithoutAPeriodNothingTrickles) { EXPECT_FALSE(Trickle(4, {}).next(kPacingStart).has_value()); }

}  // namespace
}  // namespace fanin::load
