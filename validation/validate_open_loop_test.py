"""Tests of how two distributions are compared, against analytic distances."""
import math
import unittest

from validation import validate_open_loop


class Distance(unittest.TestCase):
    def test_the_same_shape_has_none_whatever_the_counts(self):
        self.assertEqual(validate_open_loop.distance([[1, 2], [5, 2]], [[1, 50], [5, 50]]), 0)

    def test_buckets_that_only_one_has(self):
        # Below 3: all of the first and a quarter of the second.
        self.assertEqual(validate_open_loop.distance([[1, 4]], [[1, 1], [3, 3]]), 0.75)
        self.assertEqual(validate_open_loop.distance([[1, 1], [3, 3]], [[1, 4]]), 0.75)
        self.assertEqual(validate_open_loop.distance([[1, 4]], [[9, 4]]), 1)

    def test_differences_within_a_step_do_not_count(self):
        self.assertEqual(validate_open_loop.distance([[200, 4]], [[900, 2], [950, 2]], 1000), 0)
        self.assertEqual(validate_open_loop.distance([[200, 4]], [[900, 2], [1000, 2]], 1000), 0.5)


class Gaps(unittest.TestCase):
    @staticmethod
    def exponential(mean_ns, count=10_000):
        """Buckets of the quantiles of an exponential distribution."""
        buckets = {}
        for i in range(count):
            value = int(-mean_ns * math.log(1 - (i + 0.5) / count))
            shift = max(0, value.bit_length() - 8)
            buckets[value >> shift << shift] = buckets.get(value >> shift << shift, 0) + 1
        return sorted(buckets.items())

    def test_an_exponential_one_has_none(self):
        self.assertLess(validate_open_loop.distance_from_exponential(self.exponential(1e6), 1e6), 0.001)

    def test_by_hand(self):
        # All of the gaps below 256 ns, where an exponential distribution of this mean has half of its own.
        mean = 256 / math.log(2)
        self.assertAlmostEqual(validate_open_loop.distance_from_exponential([(255, 10)], mean), 0.5, 2)

    def test_even_gaps_and_a_wrong_rate_are_told_apart(self):
        sound = self.exponential(1e6)
        even = [(999_424, 10_000)]
        slow = self.exponential(1.1e6)
        for second, holds in ((sound, [True] * 3), (even, [True, False, False]), (slow, [True, False, False])):
            figures = validate_open_loop.gap_figures({"1 connection": sound, "1,000 connections": second})
            self.assertEqual([figure["holds"] for figure in figures], holds)

    def test_critical_distances(self):
        self.assertAlmostEqual(validate_open_loop.critical(10_000), 0.0163, 4)
        self.assertAlmostEqual(validate_open_loop.critical(10_000, 10_000), 0.0230, 4)


class Figures(unittest.TestCase):
    SCHEDULE = {
        "asked_rate_per_s": 1000.0,
        "achieved_rate_per_s": 1000.9,
        "tolerance_ns": 100_000,
        "within_tolerance_share": 0.9991,
        "late_by_preemption_share": 0.0,
    }

    def holds(self, arrival="uniform", **changes):
        result = {"schedule": self.SCHEDULE | changes}
        return [each["holds"] for each in validate_open_loop.figures_of(result, arrival, "1 connection")]

    def test_rate_and_punctuality_have_their_bounds(self):
        self.assertEqual(self.holds(), [True, True])
        self.assertEqual(self.holds(achieved_rate_per_s=1001.1), [False, True])
        self.assertEqual(self.holds(achieved_rate_per_s=998.9), [False, True])
        self.assertEqual(self.holds(within_tolerance_share=0.9989), [True, False])

    def test_what_the_machine_took_is_counted_out_and_no_more(self):
        self.assertEqual(self.holds(within_tolerance_share=0.9981, late_by_preemption_share=0.001), [True, True])
        self.assertEqual(self.holds(within_tolerance_share=0.9979, late_by_preemption_share=0.001), [True, False])
        self.assertEqual(self.holds(within_tolerance_share=0.9981, late_by_preemption_share=None), [True, False])

    def test_chance_is_no_fault(self):
        # A Poisson schedule of n requests is off by 1 / sqrt(n), which asked for 0.1 % would fail a sound generator.
        self.assertEqual(self.holds("poisson", achieved_rate_per_s=1010.0), [True])


if __name__ == "__main__":
    unittest.main()
