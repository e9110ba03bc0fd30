"""Tests of merging and of percentiles against known values."""

import random
import unittest

from plots.histogram import PERCENTILES, Histogram, bucket_width, highest_value
from plots.tests import fixture_parts


class Layout(unittest.TestCase):
    def test_widths_at_the_borders(self):
        # Expected: 1 ns wide to 255, then 128 buckets per doubling: 256..511 by 2, 512..1023 by 4, 1,000,000 by 4096.
        self.assertEqual([bucket_width(v) for v in (0, 1, 255, 256, 510, 512, 1020, 1024)], [1, 1, 1, 2, 2, 4, 4, 8])
        self.assertEqual(bucket_width(999_424), 4096)  # 2^19 <= 999,424 < 2^20, width 2^(19-7)
        self.assertEqual(highest_value(255), 255)
        self.assertEqual(highest_value(256), 257)
        self.assertEqual(highest_value(999_424), 1_003_519)

    def test_against_the_fixtures_own_definition(self):
        random_ = random.Random(3)
        for value in [random_.randrange(1 << random_.randrange(1, 42)) for _ in range(5000)]:
            lowest, highest = fixture_parts.bucket_bounds(value)
            self.assertEqual(highest_value(lowest), highest)


class Merging(unittest.TestCase):
    def test_percentile_of_merged_is_not_the_mean_of_percentiles(self):
        # 1000 values of 100 ns in one round and 1000 of 200 ns in the other: p50 of all is 100 (rank 1000), p90 is 200.
        # The mean of the rounds' percentiles is 150 for both.
        both = Histogram.merged([fixture_parts.histogram([100] * 1000), fixture_parts.histogram([200] * 1000)])
        self.assertEqual(both.count, 2000)
        self.assertEqual(both.percentile(PERCENTILES["p50"]), 100)
        self.assertEqual(both.percentile(PERCENTILES["p90"]), 200)

    def test_rounds_weigh_by_their_requests(self):
        # 3000 fast and 1000 slow: rank 2000 and 3000 are fast, so p50 is 100 and the slow quarter shows from p90 on.
        both = Histogram.merged([fixture_parts.histogram([100] * 3000), fixture_parts.histogram([200] * 1000)])
        self.assertEqual([both.percentile(parts) for parts in (5000, 7500, 7501, 9000)], [100, 100, 200, 200])

    def test_same_bucket_adds_up_and_input_stays(self):
        first, second = fixture_parts.histogram([256, 300]), fixture_parts.histogram([257, 301])
        merged = Histogram.merged([first, second])
        self.assertEqual(merged.buckets(), [(256, 2), (300, 2)])
        self.assertEqual(first["buckets"], [[256, 1], [300, 1]])

    def test_merged_equals_all_samples_at_once(self):
        random_ = random.Random(5)
        parts = [[int(random_.lognormvariate(10, 1)) for _ in range(4000)] for _ in range(5)]
        merged = Histogram.merged(map(fixture_parts.histogram, parts))
        whole = fixture_parts.histogram([value for part in parts for value in part])
        self.assertEqual({name: merged.percentile(share) for name, share in PERCENTILES.items()}, whole["percentiles"])


class Percentiles(unittest.TestCase):
    def test_no_percentile_is_above_the_maximum(self):
        """The bug: a curve of response times that ended above the slowest reply, at the end of its bucket."""
        merged = Histogram.merged([fixture_parts.histogram([100] * 30), fixture_parts.histogram([1000] * 30)])
        self.assertEqual(merged.percentile(PERCENTILES["p50"]), 100)
        self.assertEqual(merged.distribution()[-1][1], 1000)
        self.assertEqual(Histogram([(1000, 30)], max_ns=1001).percentile(PERCENTILES["p50"]), 1001)

    def test_exact_ranks(self):
        # 1..200 are buckets of their own: the value is the rank. 0.9 * 200 is 180.00000000000003 in floating point for
        # some expressions, whose ceil() is 181.
        histogram = Histogram([(value, 1) for value in range(1, 201)])
        self.assertEqual([histogram.percentile(PERCENTILES[name]) for name in ("p50", "p90", "p95")], [100, 180, 190])

    def test_too_few_values_give_none(self):
        # 10/(1-p): p99 needs 1000 values.
        self.assertIsNone(Histogram([(5, 999)]).percentile(PERCENTILES["p99"]))
        self.assertEqual(Histogram([(5, 1000)]).percentile(PERCENTILES["p99"]), 5)
        self.assertIsNone(Histogram().percentile(PERCENTILES["p50"]))

    def test_uncompleted_rank_above_everything(self):
        # 900 completed, 100 not: p90 is the last finite one, p95 is uncompleted.
        histogram = Histogram([(7, 900)], uncompleted=100)
        self.assertEqual(histogram.percentile(PERCENTILES["p90"]), 7)
        self.assertIsNone(histogram.percentile(PERCENTILES["p95"]))

    def test_distribution_ends_where_ten_values_remain(self):
        # 100 values: the curve ends at share 0.9, since 10 values are higher.
        steps = Histogram([(value, 1) for value in range(1, 101)]).distribution()
        self.assertEqual(steps[-1], (0.9, 90))
        self.assertEqual(steps[49], (0.5, 50))
        # All in one bucket: flat to the same end.
        self.assertEqual(Histogram([(5, 100)]).distribution(), [(0.9, 5)])
        self.assertEqual(Histogram([(5, 19)]).distribution(), [])
        # Half uncompleted: the finite half ends at share 0.5.
        self.assertEqual(Histogram([(5, 50)], uncompleted=50).distribution(), [(0.5, 5)])


if __name__ == "__main__":
    unittest.main()
