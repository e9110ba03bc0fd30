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

// A waiter that misses or invents ready descriptors would be timed for work it does not do.
TYPED_TEST(WaiterTest, FindsExactlyTheActiveOnes) {
  Connections connections(150);
  TypeParam waiter(connections.descriptors());
  for (const std::size_t active : {1U, 100U, 7U}) {
    connections.activate(active);
    EXPECT_EQ(waiter.wait_and_scan(), active);
    EXPECT_EQ(waiter.wait_and_scan(), active) << "level-triggered readiness must last";
  }
}

// glibc's fd_set ends at 1024; writing beyond it would corrupt memory, reading it would find nothing.
TEST(SelectWaiter, SeesDescriptorsBeyondFdSetsize) {
  if (raise_descriptor_limit() < 1400) {
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
