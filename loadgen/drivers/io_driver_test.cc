#include "loadgen/drivers/io_driver.h"

#include <gtest/gtest.h>

namespace fanin::load {
namespace {

constexpr BatchLimits kLimits{.min = 4, .max = 32, .fraction = 4};

// Would catch: a batch that leaves the server idle, or that grows without bound.
TEST(BatchLimits, SizeIsAFractionOfTheConnectionsWithinTheLimits) {
  const LoadPlan plan;
  EXPECT_EQ(choose_batch_size(plan, 1, kLimits), 4U);
  EXPECT_EQ(choose_batch_size(plan, 19, kLimits), 4U);
  EXPECT_EQ(choose_batch_size(plan, 50, kLimits), 12U);
  EXPECT_EQ(choose_batch_size(plan, 128, kLimits), 32U);
  EXPECT_EQ(choose_batch_size(plan, 1'000'000, kLimits), 32U);
  EXPECT_EQ(choose_batch_size(plan, 19, {.min = 4, .max = 32, .fraction = 1}), 19U);
}

// Would catch: requests late because others of their batch come first, and preemptions counted as work.
TEST(BatchLimits, SizeIsTheMinimumForARateOrALoopThatSpins) {
  LoadPlan scheduled;
  scheduled.rate_per_s = 2000;
  EXPECT_EQ(choose_batch_size(scheduled, 1000, kLimits), 4U);
  LoadPlan spinning;
  spinning.idle_strategy.kind = IdleStrategy::kSpin;
  EXPECT_EQ(choose_batch_size(spinning, 1000, kLimits), 4U);
}

}  // namespace
}  // namespace fanin::load
