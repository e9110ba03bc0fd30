"""Tests of what is made of the comparisons of interleaved servers."""
import unittest

from validation import validate_interleaving


def comparison(estimate, low, high):
    ratio = {"estimate": estimate, "low": low, "high": high, "coverage": 0.95}
    return {"throughput": ratio, "server_cpu_per_request": ratio, "blocks": 62}


class Figures(unittest.TestCase):
    def test_the_deviation_of_controls(self):
        # By hand: 0.99 and 1.01 lie 0.01 from their mean, so their deviation is 0.01 times the root of 2.
        figures = validate_interleaving.a_a_figures([comparison(0.99, 0.9, 1.1), comparison(1.01, 0.9, 1.1)])
        self.assertAlmostEqual(figures[0]["measured"], 0.01 * 2**0.5)
        self.assertFalse(figures[0]["holds"])
        self.assertAlmostEqual(figures[1]["measured"], 1)
        self.assertTrue(validate_interleaving.a_a_figures([comparison(0.995, 0.9, 1.1), comparison(1, 0.9, 1.1)])[0]["holds"])

    # Would catch: a single repetition, or the mean, taken for the median that the loops are counted by.
    def test_the_time_of_the_loop_is_the_median(self):
        times = {"mean": 1500.0, "median": 1340.0}
        found = [{"name": "x/repetition", "run_type": "iteration", "cpu_time": 2000.0}]
        found += [{"name": f"x_{key}", "aggregate_name": key, "cpu_time": time} for key, time in times.items()]
        self.assertEqual(validate_interleaving.median_cpu_time({"benchmarks": found}), 1340.0)

    # Would catch: a difference taken for proven because the estimate is off 1 while the interval holds it.
    def test_told_apart_is_what_the_interval_says(self):
        told = [each["holds"] for each in validate_interleaving.a_b_figures(comparison(0.98, 0.97, 0.99))]
        self.assertEqual(told, [True, False])
        self.assertFalse(validate_interleaving.a_b_figures(comparison(0.98, 0.95, 1.01))[0]["holds"])


if __name__ == "__main__":
    unittest.main()
