#include "microbench/waiters.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "net/socket.h"

namespace fanin::microbench {
namespace {

template <typename Waiter>
class WaiterTest : public ::testing::Test {};
using AllWaiters = ::testing::Types<SelectWaiter, PollWaiter, EpollWaiter>;
TYPED_TEST_SUITE(WaiterTest, AllWaiters);

// Would catch: a waiter misses or invents ready descriptors, so its time is wrong.
TYPED_TEST(WaiterTest, FindsExactlyTheActiveOnes) {
  Connections connections(150);
  TypeParam waiter(connections.descriptors());
  for (const std::size_t active : {1U, 100U, 7U}) {
    connections.activate(active);
    EXPECT_EQ(waiter.wait_and_scan(), active);
    EXPECT_EQ(waiter.wait_and_scan(), active) << "level-triggered readiness must last";
  }
}

// Would catch: the waiter writes beyond glibc's fd_set, which ends at 1024.
TEST(SelectWaiter, SeesDescriptorsBeyondFdSetsize) {
  if (net::raise_descriptor_limit() < 1400) {
    GTEST_SKIP() << "needs a descriptor limit of 1400 or more";
  }
  Connections connections(1300);
  ASSERT_GT(connections.descriptors().back().get(), 1024);
  SelectWaiter waiter(connections.descriptors());
  connections.activate(1300);
  EXPECT_EQ(waiter.wait_and_scan(), 1300U);
}

TEST(Connections, RefusesMoreActiveOnesThanThereAre) {
  Connections connections(2);
  EXPECT_THROW(connections.activate(3), std::invalid_argument);
}

}  // namespace
}  // namespace fanin::microbench
