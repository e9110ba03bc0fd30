#include "microbench/rings.h"

#include <gtest/gtest.h>

#include <vector>

#include "microbench/cascade.h"
#include "microbench/waiters.h"

namespace fanin::microbench {
namespace {

template <typename Ring>
class RingTest : public ::testing::Test {};
using UserRings = ::testing::Types<IoOnlyRing, EpollRing<Coroutines>, EpollRing<Fibers>>;
TYPED_TEST_SUITE(RingTest, UserRings);

// Would catch: a task that is skipped, or passes the byte on twice. finish_round() throws unless all hops are counted.
TYPED_TEST(RingTest, TheByteVisitsEveryTask) {
  for (const std::size_t tasks : {2U, 3U, 300U}) {
    TypeParam ring(tasks);
    ring.go_around(1);
    ring.go_around(5);
  }
}

TEST(ThreadRing, TheByteVisitsEveryTask) {
  for (const std::size_t tasks : {2U, 3U, 50U}) {
    const ThreadRing ring(tasks, choose_cpus(1));
    ring.go_around(1);
    ring.go_around(5);
  }
}

// Would catch: the destructor waits for threads that nothing wakes.
TEST(ThreadRing, EndsUnused) { const ThreadRing ring(10, choose_cpus(1)); }

// Would catch: a byte that has taken another way goes unnoticed.
TEST(RingSockets, CountsTheHops) {
  const RingSockets sockets(3);
  sockets.start_round();
  ASSERT_TRUE(sockets.pass_on(1));
  ASSERT_TRUE(sockets.pass_on(2));
  EXPECT_NO_THROW(sockets.finish_round());
  const RingSockets pair(2);  // two hops too many
  pair.start_round();
  ASSERT_TRUE(pair.pass_on(1));
  ASSERT_TRUE(pair.pass_on(0));
  ASSERT_TRUE(pair.pass_on(1));
  EXPECT_THROW(pair.finish_round(), std::runtime_error);
}

template <typename Waiter>
class CascadeTest : public ::testing::Test {};
using AllWaiters = ::testing::Types<SelectWaiter, PollWaiter, EpollWaiter>;
TYPED_TEST_SUITE(CascadeTest, AllWaiters);

// Would catch: a waiter that names the wrong socket, so that events get lost or are counted without being passed on.
TYPED_TEST(CascadeTest, EventsMoveOn) {
  Cascade<TypeParam> cascade(10, 2);  // at 0 and 5
  EXPECT_EQ(cascade.wait_once(), 2U);
  EXPECT_EQ(cascade.wait_once(), 2U);
  EXPECT_EQ(cascade.find_waiting(), (std::vector<std::size_t>{2, 7}));
  for (int wait = 0; wait < 8; ++wait) {
    EXPECT_EQ(cascade.wait_once(), 2U);
  }
  EXPECT_EQ(cascade.find_waiting(), (std::vector<std::size_t>{0, 5}));
}

// Would catch: events that overtake each other where every socket has one.
TYPED_TEST(CascadeTest, AllSocketsMayBeActive) {
  Cascade<TypeParam> cascade(5, 5);
  for (int wait = 0; wait < 20; ++wait) {
    EXPECT_EQ(cascade.wait_once(), 5U);
  }
  EXPECT_EQ(cascade.find_waiting().size(), 5U);
}

TEST(RingSockets, PassesNothingOnAfterItsEnd) {
  const RingSockets sockets(2);
  sockets.shut_down();
  EXPECT_FALSE(sockets.pass_on(1));
}

}  // namespace
}  // namespace fanin::microbench
