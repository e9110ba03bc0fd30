#include "loadgen/experiments/slice_comparison.h"

#include <gtest/gtest.h>

#include <chrono>

namespace fanin::load {
namespace {

using std::chrono::milliseconds;

Slice slice(std::uint64_t number, std::uint64_t completed, int cpu_ms = 0) {
  return {.number = number,
          .begin = TimePoint(milliseconds(0)),
          .end = TimePoint(milliseconds(10)),
          .completed = completed,
          .answered = completed,
          .server_cpu = milliseconds(cpu_ms)};
}

// Expected: 220/200 and 242/220, so the log ratio is that of 1.1 in either walk.
TEST(SliceComparison, TakesTheMeanOfBothWalks) {
  const SliceComparison comparison =
      compare_slices({slice(0, 200, 2), slice(3, 220, 2)}, {slice(1, 220, 4), slice(2, 242, 4)}, 2);
  EXPECT_EQ(comparison.blocks, 1U);
  EXPECT_EQ(comparison.reason, "");
  ASSERT_TRUE(comparison.throughput);
  EXPECT_NEAR(comparison.throughput->estimate, 1.1, 1e-12);
  EXPECT_FALSE(comparison.throughput->interval);
  ASSERT_TRUE(comparison.cpu_per_request);
  EXPECT_NEAR(comparison.cpu_per_request->estimate, 2 / 1.1, 1e-12);
}

// Would catch: a drift taken for a difference. The machine gets slower by 10 per slice.
TEST(SliceComparison, ALinearDriftCancelsOut) {
  std::vector<Slice> first;
  std::vector<Slice> second;
  for (std::uint64_t i = 0; i < 80; ++i) {
    (SlicePlan{milliseconds(20), milliseconds(2), 2, 0}.owns(i) ? first : second).push_back(slice(i, 10'000 - 10 * i));
  }
  const SliceComparison comparison = compare_slices(first, second, 2);
  EXPECT_EQ(comparison.blocks, 20U);
  EXPECT_NEAR(comparison.throughput->estimate, 1, 1e-5);
  EXPECT_TRUE(comparison.throughput->interval);
}

// Would also catch: no ratio, and no reason for that.
TEST(SliceComparison, BlocksWithoutRepliesAndCutOffOnesAreLeftOut) {
  const SliceComparison comparison =
      compare_slices({slice(0, 0), slice(3, 5), slice(4, 5)}, {slice(1, 5), slice(2, 5)}, 2);
  EXPECT_EQ(comparison.blocks, 1U);
  EXPECT_EQ(comparison.skipped, 1U);
  EXPECT_FALSE(comparison.throughput);
  EXPECT_EQ(comparison.reason,
            "in no block did both targets complete a request in every slice: give a longer --interleave");
  EXPECT_EQ(compare_slices({slice(0, 5)}, {slice(1, 5)}, 2).reason,
            "the window holds no complete block: give a longer --duration");
}

}  // namespace
}  // namespace fanin::load
