#include "loadgen/schedule/ring.h"

#include <gtest/gtest.h>

namespace fanin::load {
namespace {

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

}  // namespace
}  // namespace fanin::load
