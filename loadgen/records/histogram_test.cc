#include "loadgen/records/histogram.h"

#include <gtest/gtest.h>

namespace fanin::load {
namespace {

using Kind = PercentileValue::Kind;

Histogram of(std::initializer_list<std::int64_t> values) {
  Histogram histogram;
  for (const std::int64_t value : values) {
    histogram.record(Nanoseconds(value));
  }
  return histogram;
}

// The expected layout: 1 ns wide to 255, then 128 buckets per power of two. Would catch an off-by-one at a power of
// two, where log-linear layouts break.
TEST(HistogramLayout, MatchesExpectedBuckets) {
  EXPECT_EQ(Histogram::index_for(0), 0U);
  EXPECT_EQ(Histogram::index_for(255), 255U);
  EXPECT_EQ(Histogram::index_for(256), 256U);
  EXPECT_EQ(Histogram::index_for(257), 256U);
  EXPECT_EQ(Histogram::index_for(258), 257U);
  EXPECT_EQ(Histogram::index_for(511), 383U);
  EXPECT_EQ(Histogram::index_for(512), 384U);
  EXPECT_EQ(Histogram::lowest_value(384), 512U);
  EXPECT_EQ(Histogram::highest_value(384), 515U);
  // 1 ms: 1,000,000 = 244 << 12 plus a rest of 576, so its bucket is 999,424 to 1,003,519.
  EXPECT_EQ(Histogram::lowest_value(Histogram::index_for(1'000'000)), 999'424U);
  EXPECT_EQ(Histogram::highest_value(Histogram::index_for(1'000'000)), 1'003'519U);
  EXPECT_LT(Histogram::index_for(Histogram::kHighest), Histogram::kBuckets);
}

// Would catch: a gap or an overlap between buckets anywhere in the range.
TEST(HistogramLayout, BucketsTileTheRange) {
  for (std::size_t i = 0; i + 1 < Histogram::kBuckets; ++i) {
    ASSERT_EQ(Histogram::highest_value(i) + 1, Histogram::lowest_value(i + 1)) << i;
    ASSERT_EQ(Histogram::index_for(Histogram::lowest_value(i)), i);
    ASSERT_EQ(Histogram::index_for(Histogram::highest_value(i)), i);
  }
}

// The stated bound: 1 ns up to 255, then a bucket is at most 1/128 of its lowest value wide.
TEST(HistogramLayout, ErrorBoundHoldsOverTheWholeRange) {
  for (std::size_t i = 0; i < Histogram::kBuckets; ++i) {
    const std::uint64_t width = Histogram::highest_value(i) - Histogram::lowest_value(i) + 1;
    ASSERT_LE(width, std::max<std::uint64_t>(1, Histogram::lowest_value(i) / 128)) << i;
  }
}

TEST(Histogram, KeepsExactCountMinMaxMean) {
  const Histogram histogram = of({7, 1000, 1'000'000});
  EXPECT_EQ(histogram.count(), 3U);
  EXPECT_EQ(histogram.min(), Nanoseconds(7));
  EXPECT_EQ(histogram.max(), Nanoseconds(1'000'000));
  EXPECT_DOUBLE_EQ(histogram.mean_ns(), 1'001'007.0 / 3);
}

// Would catch: a wild value that writes past the table or vanishes from the count.
TEST(Histogram, ClampsAndCountsWhatIsOutOfRange) {
  Histogram histogram = of({-5});
  histogram.record(std::chrono::hours(2));
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.clamped(), 1U);
  EXPECT_EQ(histogram.max(), std::chrono::hours(1));
  EXPECT_EQ(histogram.min(), Nanoseconds(0));
}

// 1 to 10,000 us once each: the p-quantile is p * 10,000 us, to be found within a bucket.
TEST(HistogramPercentile, OfAnEvenSpread) {
  Histogram histogram;
  for (int us = 1; us <= 10'000; ++us) {
    histogram.record(std::chrono::microseconds(us));
  }
  for (const unsigned p : {5000U, 9000U, 9500U, 9900U, 9990U}) {
    const auto exact = std::chrono::microseconds(p);
    const PercentileValue value = histogram.percentile(p);
    ASSERT_EQ(value.kind, Kind::kFinite) << p;
    EXPECT_GE(value.value, exact) << p;
    EXPECT_LE(value.value - exact, exact / 128) << p;
  }
  EXPECT_EQ(histogram.percentile(9999).kind, Kind::kTooFew);
}

// The rule 10/(1-p): p50 needs 20 samples, p99 1000. Would catch: a p99 made of a handful of samples.
TEST(HistogramPercentile, NeedsEnoughSamples) {
  Histogram histogram;
  for (int i = 0; i < 19; ++i) {
    histogram.record(Nanoseconds(1));
  }
  EXPECT_EQ(histogram.percentile(5000).kind, Kind::kTooFew);
  histogram.record(Nanoseconds(1));
  EXPECT_EQ(histogram.percentile(5000).kind, Kind::kFinite);
  for (int i = 20; i < 999; ++i) {
    histogram.record(Nanoseconds(1));
  }
  EXPECT_EQ(histogram.percentile(9900).kind, Kind::kTooFew);
  histogram.record_uncompleted();
  EXPECT_EQ(histogram.percentile(9900).kind, Kind::kFinite);
}

// Would catch: failed requests missing from the tail, which improves it.
TEST(HistogramPercentile, UncompletedRanksAboveEverything) {
  Histogram histogram;
  for (int i = 0; i < 980; ++i) {
    histogram.record(Nanoseconds(10));
  }
  histogram.record_uncompleted(20);
  EXPECT_EQ(histogram.percentile(9500).value, Nanoseconds(10));
  EXPECT_EQ(histogram.percentile(9900).kind, Kind::kUncompleted);
}

// The bug: p99.99 of 118 ms where the slowest reply took 117 ms, since a percentile is the end of its bucket.
TEST(HistogramPercentile, IsNeverAboveTheMaximum) {
  Histogram histogram;
  for (int i = 0; i < 1000; ++i) {
    histogram.record(Nanoseconds(117'000'001));
  }
  EXPECT_EQ(histogram.percentile(9900).value, histogram.max());
  Histogram restored;
  restored.add_bucket(Histogram::index_for(117'000'001), 1000);
  restored.restore_max(histogram.max());
  EXPECT_EQ(restored.percentile(5000).value, Nanoseconds(117'000'001));
  EXPECT_EQ(restored.max(), Nanoseconds(117'000'001));
}

TEST(HistogramPercentile, OfNothingIsTooFew) { EXPECT_EQ(Histogram().percentile(5000).kind, Kind::kTooFew); }

bool same(const Histogram& a, const Histogram& b) {
  for (std::size_t i = 0; i < Histogram::kBuckets; ++i) {
    if (a.count_at(i) != b.count_at(i)) {
      return false;
    }
  }
  return a.count() == b.count() && a.uncompleted() == b.uncompleted() && a.min() == b.min() && a.max() == b.max() &&
         a.sum_ns() == b.sum_ns();
}

TEST(HistogramMerge, IsAssociativeAndEqualsOneRecorder) {
  const Histogram a = of({1, 300, 5000});
  const Histogram b = of({2, 300, 70'000});
  Histogram c = of({900'000});
  c.record_uncompleted(3);
  Histogram left = a;
  left.merge(b);
  left.merge(c);
  Histogram right = b;
  right.merge(c);
  Histogram outer = a;
  outer.merge(right);
  Histogram all = of({1, 300, 5000, 2, 300, 70'000, 900'000});
  all.record_uncompleted(3);
  EXPECT_TRUE(same(left, outer));
  EXPECT_TRUE(same(left, all));
}

TEST(HistogramBuckets, ExportIsSparseAscendingAndComplete) {
  const Histogram histogram = of({70'000, 3, 3, 300});
  const auto buckets = histogram.buckets();
  ASSERT_EQ(buckets.size(), 3U);
  EXPECT_EQ(buckets[0].lowest, 3U);
  EXPECT_EQ(buckets[0].count, 2U);
  EXPECT_EQ(buckets[1].lowest, 300U);
  EXPECT_LT(buckets[1].lowest, buckets[2].lowest);
}

// Would catch: counts of the second before that leak into the next.
TEST(Histogram, ClearForgetsEverything) {
  Histogram histogram = of({5, 500});
  histogram.record_uncompleted();
  histogram.clear();
  EXPECT_TRUE(same(histogram, Histogram()));
}

}  // namespace
}  // namespace fanin::load
