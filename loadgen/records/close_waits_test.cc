#include "loadgen/records/close_waits.h"

#include <gtest/gtest.h>

namespace fanin::load {
namespace {

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
