#include "loadgen/records/accept_queue.h"

#include <gtest/gtest.h>

namespace fanin {
namespace {

// Would catch: a value taken from its neighbour, or from another table with more columns.
TEST(AcceptQueue, OverflowsAreFoundByName) {
  EXPECT_EQ(parse_listen_overflows("Other: A ListenDrops\nOther: 7 8\n"
                                   "TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 1 23 24\n"),
            23U);
}

// Would catch: 0 for "not known".
TEST(AcceptQueue, WhatIsNotThereIsNotZero) {
  EXPECT_EQ(parse_listen_overflows(""), std::nullopt);
  EXPECT_EQ(parse_listen_overflows("TcpExt: SyncookiesSent ListenDrops\nTcpExt: 1 2\n"), std::nullopt);
}

}  // namespace
}  // namespace fanin
