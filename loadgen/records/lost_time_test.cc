#include "loadgen/records/lost_time.h"

#include <gtest/gtest.h>

namespace fanin::load {
namespace {

using std::chrono::milliseconds;

TimePoint at_ms(int ms) { return TimePoint(milliseconds(ms)); }
TimeSpan span(int begin, int end) { return {at_ms(begin), at_ms(end)}; }

TEST(TimeSpans, IntersectAndJoin) {
  const TimeSpans first{span(0, 10), span(20, 30)};
  const TimeSpans second{span(5, 25), span(28, 40)};
  EXPECT_EQ(intersection(first, second), (TimeSpans{span(5, 10), span(20, 25), span(28, 30)}));
  EXPECT_EQ(intersection(second, first), intersection(first, second));
  EXPECT_EQ(join(first, second), (TimeSpans{span(0, 40)}));
  EXPECT_EQ(join(first, {}), first);
  EXPECT_TRUE(intersection(first, {}).empty());
  EXPECT_EQ(total_length(first), milliseconds(20));
}

// Two connections from 0 ms on, a window from 100 to 200 ms.
class DowntimeTest : public ::testing::Test {
 protected:
  DowntimeTest() {
    for (int i = 0; i < 2; ++i) {
      meter_.up(false, at_ms(0), window_);
    }
    meter_.begin(at_ms(0));
  }
  void lose(int ms) {
    meter_.down(at_ms(ms), window_);
    meter_.lost(at_ms(ms), window_);
  }
  const Window window_{at_ms(0), at_ms(100), at_ms(200)};
  DowntimeMeter meter_{2};
};

// Would catch: a server that is killed in a closed loop, where a connection that is gone asks nothing and so nobody
// misses its requests.
TEST_F(DowntimeTest, CountsFromTheLossToTheEndOfTheWindow) {
  lose(120);
  lose(150);
  meter_.finish(at_ms(220), window_);
  EXPECT_EQ(meter_.lost_time(), milliseconds(80 + 50));
  EXPECT_EQ(meter_.down_time(), milliseconds(80 + 50));
  EXPECT_EQ(meter_.outages(), (TimeSpans{span(150, 220)}));
}

TEST_F(DowntimeTest, CountsWithinTheWindowAlone) {
  lose(50);
  meter_.up(true, at_ms(110), window_);
  meter_.finish(at_ms(200), window_);
  EXPECT_EQ(meter_.lost_time(), milliseconds(10));
  EXPECT_TRUE(meter_.outages().empty());  // the other one was up
}

// Would catch: a connection that is closed as agreed (--requests-per-connection, Connection: close) counted as lost.
TEST_F(DowntimeTest, WhatIsClosedAsAgreedIsDownAndNotLost) {
  meter_.down(at_ms(110), window_);
  meter_.down(at_ms(110), window_);
  meter_.up(false, at_ms(130), window_);
  meter_.up(false, at_ms(130), window_);
  meter_.down(at_ms(150), window_);
  meter_.lost(at_ms(160), window_);  // it could not be reopened
  meter_.finish(at_ms(200), window_);
  EXPECT_EQ(meter_.down_time(), milliseconds(40 + 50));
  EXPECT_EQ(meter_.lost_time(), milliseconds(40));
  EXPECT_TRUE(meter_.outages().empty());
}

TEST_F(DowntimeTest, AReconnectIsNoOutage) {
  lose(120);
  lose(120);
  meter_.up(true, at_ms(120) + std::chrono::microseconds(900), window_);
  meter_.finish(at_ms(200), window_);
  EXPECT_TRUE(meter_.outages().empty());
  EXPECT_GT(meter_.lost_time(), milliseconds(80));
}

// Would catch: connections closed at the end of the run counted as lost.
TEST_F(DowntimeTest, NothingCountsAfterTheEnd) {
  meter_.finish(at_ms(200), window_);
  lose(300);
  lose(300);
  meter_.up(true, at_ms(400), window_);
  EXPECT_EQ(meter_.down_time(), Nanoseconds(0));
  EXPECT_TRUE(meter_.outages().empty());
}

// Would catch: a server that stands still for half of the window, in a closed loop that asks nothing meanwhile.
TEST(SilenceWatch, FindsAStall) {
  SilenceWatch watch;
  std::uint64_t replies = 0;
  for (int ms = 0; ms <= 2000; ms += 10) {
    replies += ms < 500 || ms > 1500 ? 7 : 0;
    watch.look(at_ms(ms), replies, true);
  }
  watch.finish();
  EXPECT_EQ(watch.silent(), (TimeSpans{span(490, 1500)}));
  EXPECT_EQ(watch.waiting(), watch.silent());
  EXPECT_EQ(watch.last_reply(), at_ms(2000));
}

// Would catch: a server that stops for ever taken for one that replies after the window.
TEST(SilenceWatch, KnowsWhenTheLastReplyCame) {
  SilenceWatch watch;
  for (int ms = 0; ms <= 2000; ms += 10) {
    watch.look(at_ms(ms), ms < 500 ? static_cast<std::uint64_t>(ms) : 490, true);
  }
  watch.finish();
  EXPECT_EQ(watch.last_reply(), at_ms(490));
  EXPECT_EQ(watch.silent(), (TimeSpans{span(490, 2000)}));
}

// Would catch: a pause between requests taken for a server that stands still.
TEST(SilenceWatch, WhereNothingIsAskedNobodyWaits) {
  SilenceWatch watch;
  for (int ms = 0; ms <= 1000; ms += 10) {
    watch.look(at_ms(ms), 1, ms >= 400 && ms < 420);
  }
  watch.finish();
  EXPECT_EQ(watch.silent(), (TimeSpans{span(0, 1000)}));
  EXPECT_TRUE(watch.waiting().empty());
}

TEST(SilenceWatch, ShortGapsAreNone) {
  SilenceWatch watch;
  for (int ms = 0; ms <= 1000; ms += 10) {
    watch.look(at_ms(ms), static_cast<std::uint64_t>(ms / 40), true);
  }
  watch.finish();
  EXPECT_TRUE(watch.silent().empty());
}

using std::chrono::milliseconds;

const TimePoint kStart{std::chrono::seconds(1000)};
const Window kWindow{.start = kStart, .open = kStart + milliseconds(200), .close = kStart + milliseconds(1200)};

// The bug: a server that closes nothing, valid without a word where --timeout is longer than the run.
TEST(CloseWaits, AWaitThatTheEndCutsOffIsInVain) {
  CloseWaits waits;
  EXPECT_TRUE(waits.open_at_end(kStart + milliseconds(100), kStart + milliseconds(1300), kWindow));
  EXPECT_EQ(waits.in_vain(), milliseconds(1000));  // of the window alone
  waits.given_up(kStart + milliseconds(500), kStart + milliseconds(800), kWindow);
  EXPECT_EQ(waits.in_vain(), milliseconds(1300));
}

// Would catch: a server that takes its time to close, called one that does not, for the waits that the end cuts off.
TEST(CloseWaits, AWaitNoLongerThanACloseTakesIsNotInVain) {
  CloseWaits waits;
  const TimePoint end = kStart + milliseconds(1200);
  EXPECT_FALSE(waits.open_at_end(end - milliseconds(99), end, kWindow));
  waits.closed(kStart, kStart + milliseconds(300));
  EXPECT_FALSE(waits.open_at_end(end - milliseconds(299), end, kWindow));
  EXPECT_EQ(waits.in_vain(), Nanoseconds(0));
  EXPECT_TRUE(waits.open_at_end(end - milliseconds(300), end, kWindow));
}

}  // namespace
}  // namespace fanin::load
