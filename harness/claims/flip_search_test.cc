#include "harness/claims/flip_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

namespace fanin::harness {
namespace {

// A server whose cost grows with the value: the ratio is 1 + value / 100, so it is 2 at 100.
FlipPoint measure(double value, double threshold, double blur = 0) {
  const double ratio = 1 + value / 100;
  const ClaimVerdict verdict = std::abs(std::log(ratio / threshold)) < blur ? ClaimVerdict::kUndecided
                               : ratio >= threshold                         ? ClaimVerdict::kConfirmed
                                                                            : ClaimVerdict::kRefuted;
  return {value, verdict, RatioEstimate{ratio, std::nullopt}};
}

FlipResult search(FlipSearch search, double threshold, double blur = 0) {
  while (const auto value = search.next()) {
    search.add(measure(*value, threshold, blur));
    EXPECT_LE(search.points().size(), 24U);
  }
  return search.result(threshold);
}

TEST(FlipSearch, TriesBothEndsAndThenTheMiddle) {
  FlipSearch search(0, 2000, 0.2, true);
  EXPECT_EQ(search.next(), 0);
  search.add(measure(0, 2));
  EXPECT_EQ(search.next(), 2000);
  search.add(measure(2000, 2));
  EXPECT_EQ(search.next(), 1000);  // from 0 there is no geometric middle
  search.add({1000, ClaimVerdict::kRefuted, std::nullopt});
  EXPECT_EQ(search.next(), 1414);
}

TEST(FlipSearch, FindsTheValueWithinThePrecision) {
  const FlipResult result = search(FlipSearch(0, 2000, 0.2, true), 2);
  EXPECT_LE(*result.low, 100);
  EXPECT_GE(*result.high, 100);
  EXPECT_LE(*result.high, 1.2 * *result.low);
  EXPECT_NEAR(*result.estimate, 100, 3);
  EXPECT_EQ(result.reason, "");
}

TEST(FlipSearch, SaysWhenThereIsNoFlip) {
  EXPECT_EQ(search(FlipSearch(0, 2000, 0.2, true), 50).reason, "holds nowhere in 0..2,000");
  EXPECT_EQ(search(FlipSearch(200, 2000, 0.2, true), 2).reason, "holds everywhere in 200..2,000");
  EXPECT_FALSE(search(FlipSearch(0, 2000, 0.2, true), 50).low);
}

// Would catch: a search that stops at the first undecided point with bounds far from it.
TEST(FlipSearch, NarrowsTheRangesAroundUndecidedPoints) {
  const FlipResult result = search(FlipSearch(0, 2000, 0.2, true), 2, 0.1);
  EXPECT_GE(*result.low, 60);
  EXPECT_LE(*result.high, 160);
  EXPECT_NEAR(*result.estimate, 100, 5);
  EXPECT_TRUE(result.reason.starts_with("undecided at ")) << result.reason;
}

// Would catch: 421 to 500 where 354 was undecided and 421 refuted, so that a value that may have flipped was left out.
TEST(FlipSearch, NoiseNearTheThresholdWidensTheRange) {
  using enum ClaimVerdict;
  FlipSearch search(0, 2000, 0.2, true);
  for (const auto& [value, verdict] : {std::pair{0, kRefuted},
                                       {297, kRefuted},
                                       {354, kUndecided},
                                       {421, kRefuted},
                                       {500, kConfirmed},
                                       {2000, kConfirmed}}) {
    search.add({static_cast<double>(value), verdict, std::nullopt});
  }
  const FlipResult result = search.result(2);
  EXPECT_EQ(result.low, 297);
  EXPECT_EQ(result.high, 500);
  EXPECT_EQ(result.reason, "undecided at 354");
}

TEST(FlipSearch, AnEndThatDoesNotWorkEndsIt) {
  FlipSearch search(0, 2000, 0.2, true);
  search.add({0, ClaimVerdict::kRefuted, std::nullopt});
  search.add({2000, ClaimVerdict::kUnsupported, std::nullopt, "select cannot watch them"});
  EXPECT_FALSE(search.next());
  EXPECT_EQ(search.result(2).reason, "unsupported at 2,000: select cannot watch them");
}

TEST(FlipSearch, EndsOverNumbersThatAreNotWhole) {
  const FlipResult result = search(FlipSearch(0, 1, 0.2, false), 1.001);
  EXPECT_NEAR(*result.estimate, 0.1, 0.02);
}

}  // namespace
}  // namespace fanin::harness
