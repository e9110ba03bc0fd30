#include "microbench/step_tasks.h"

#include <gtest/gtest.h>

namespace fanin::microbench {
namespace {

template <typename Tasks>
class StepTasksTest : public ::testing::Test {};
using AllTasks = ::testing::Types<SerialTasks, UserFlowTasks<Coroutines>, UserFlowTasks<Fibers>, ThreadTasks>;
TYPED_TEST_SUITE(StepTasksTest, AllTasks);

// Would catch: an order that omits or repeats steps, which would look faster or slower than the others.
TYPED_TEST(StepTasksTest, EveryOrderDoesTheSameSteps) {
  constexpr WorkSize kSize{20, 7};
  std::vector<StepTask> expected = make_tasks(kSize);
  for (StepTask& task : expected) {
    for (int step = 0; step < 9; ++step) {
      task.do_step();
    }
  }
  TypeParam tasks(kSize);
  EXPECT_NE(tasks.checksum(), add_sums(expected));
  tasks.do_steps(4);
  tasks.do_steps(5);
  EXPECT_EQ(tasks.checksum(), add_sums(expected));
}

// Would catch: the destructor waits for threads that nothing wakes.
TYPED_TEST(StepTasksTest, EndsUnused) { const TypeParam tasks(WorkSize{5, 1}); }

// The first values of Knuth's MMIX generator, analytic. Would catch: a step that does not do its loops.
TEST(StepTask, DoesItsLoops) {
  StepTask none(3, 0);
  none.do_step();
  none.do_step();
  EXPECT_EQ(none.sum(), 3U + 4U);
  StepTask one(0, 1);
  one.do_step();
  EXPECT_EQ(one.sum(), 1442695040888963407U);
  StepTask two(0, 2);
  two.do_step();
  EXPECT_EQ(two.sum(), 1442695040888963407U * 6364136223846793005U + 1442695040888963407U);
}

}  // namespace
}  // namespace fanin::microbench
