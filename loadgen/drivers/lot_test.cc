#include "loadgen/drivers/lot.h"

#include <gtest/gtest.h>

namespace fanin::load {
namespace {

constexpr LotSizes kSizes{.least = 4, .most = 32, .part = 4};

// Would catch: a lot that leaves the server nothing to do, or that grows without bound.
TEST(Lot, IsItsPartOfTheConnectionsBetweenTheLeastAndTheMost) {
  const LoadPlan plan;
  EXPECT_EQ(lot_of(plan, 1, kSizes), 4U);
  EXPECT_EQ(lot_of(plan, 19, kSizes), 4U);
  EXPECT_EQ(lot_of(plan, 50, kSizes), 12U);
  EXPECT_EQ(lot_of(plan, 128, kSizes), 32U);
  EXPECT_EQ(lot_of(plan, 1'000'000, kSizes), 32U);
  EXPECT_EQ(lot_of(plan, 19, {.least = 4, .most = 32, .part = 1}), 19U);
}

// Would catch: requests that are late since others of their lot come first, and stalls that pass for work.
TEST(Lot, IsTheLeastWhereAScheduleIsKeptOrTheLoopSpins) {
  LoadPlan scheduled;
  scheduled.rate_per_s = 2000;
  EXPECT_EQ(lot_of(scheduled, 1000, kSizes), 4U);
  LoadPlan spinning;
  spinning.idle_strategy.kind = IdleStrategy::kSpin;
  EXPECT_EQ(lot_of(spinning, 1000, kSizes), 4U);
}

}  // namespace
}  // namespace fanin::load
