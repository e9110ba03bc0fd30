#include "microbench/connected_pairs.h"

#include <gtest/gtest.h>

#include <system_error>

namespace fanin::microbench {
namespace {

// Would catch: a call that is timed although it has no effect.
TEST(ConnectedPairs, EveryCallHasItsEffect) {
  ConnectedPairs pairs(5);
  EXPECT_THROW(pairs.accept_all(), std::system_error) << "no connection waits yet";
  pairs.connect_all();
  pairs.accept_all();
  EXPECT_EQ(pairs.count_would_block(), 5U);
  EXPECT_THROW(pairs.receive_requests(64), std::system_error) << "nothing was sent yet";
  pairs.send_requests(64);
  EXPECT_EQ(pairs.count_would_block(), 0U);
  EXPECT_THROW(pairs.receive_requests(64), std::runtime_error) << "one byte of each is gone";
}

// Would catch: connections of the last batch fill the listen queue or the table of descriptors.
TEST(ConnectedPairs, ConnectsAgainAfterAReset) {
  ConnectedPairs pairs(5);
  for (int batch = 0; batch < 3; ++batch) {
    pairs.connect_all();
    pairs.accept_all();
    pairs.send_requests(64);
    pairs.receive_requests(64);
    pairs.send_replies(10);
    pairs.receive_replies(10);
    pairs.reset_all();
  }
}

}  // namespace
}  // namespace fanin::microbench
