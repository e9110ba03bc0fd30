#include "microbench/rings.h"

#include <gtest/gtest.h>

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

TEST(RingSockets, PassesNothingOnAfterItsEnd) {
  const RingSockets sockets(2);
  sockets.shut_down();
  EXPECT_FALSE(sockets.pass_on(1));
}

}  // namespace
}  // namespace fanin::microbench
