"""Tests of the validations against known values: schedule, stalls, faults, interleaving, scale."""

import math
import os
import pathlib
import subprocess
import sys
import time
import unittest

from validation import (
    known_values,
    validate_fault_injection,
    validate_interleaving,
    validate_open_loop,
    validate_scale,
    validate_stall,
    validate_stored_runs,
    validate_suite_sessions,
)

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

    def test_an_analytic_distance(self):
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


class OpenLoopFigures(unittest.TestCase):
    SCHEDULE = {
        "asked_rate_per_s": 1000.0,
        "achieved_rate_per_s": 1000.9,
        "tolerance_ns": 100_000,
        "within_tolerance_share": 0.9991,
        "late_by_preemption_share": 0.0,
    }

    def holds(self, arrival="uniform", **changes):
        result = {"schedule": self.SCHEDULE | changes}
        return [each["holds"] for each in validate_open_loop.schedule_figures(result, arrival, "1 connection")]

    def test_rate_and_punctuality_have_their_bounds(self):
        self.assertEqual(self.holds(), [True, True])
        self.assertEqual(self.holds(achieved_rate_per_s=1001.1), [False, True])
        self.assertEqual(self.holds(achieved_rate_per_s=998.9), [False, True])
        self.assertEqual(self.holds(within_tolerance_share=0.9989), [True, False])

    def test_only_preemptions_excuse_late_sends(self):
        self.assertEqual(self.holds(within_tolerance_share=0.9981, late_by_preemption_share=0.001), [True, True])
        self.assertEqual(self.holds(within_tolerance_share=0.9979, late_by_preemption_share=0.001), [True, False])
        self.assertEqual(self.holds(within_tolerance_share=0.9981, late_by_preemption_share=None), [True, False])

    def test_chance_is_no_fault(self):
        # A Poisson schedule of n requests deviates by 1 / sqrt(n), so a bound of 0.1 % would fail a sound generator.
        self.assertEqual(self.holds("poisson", achieved_rate_per_s=1010.0), [True])


class AnalyticDelay(unittest.TestCase):
    def of(self, rate, capacity):
        return [validate_stall.delay(share, rate, capacity) * 1e3 for share in validate_stall.kPercentiles.values()]

    def test_at_2000_a_second(self):
        # 50.9 and 90.2 ms imply rho = 0.018; the p50 of 0.06 ms is that of a request that met no stall.
        for mine, published in zip(self.of(2000, 2000 / 0.018), [0, 1.8, 50.9, 90.2, 99.0, 100], strict=True):
            self.assertAlmostEqual(mine, published, delta=0.05)

    def test_at_half_the_capacity(self):
        for mine, published in zip(self.of(50_000, 100_000), [0, 50, 75, 95, 99.5, 100], strict=True):
            self.assertAlmostEqual(mine, published, places=9)

    def test_the_formula_is_what_a_queue_does(self):
        # One request after the other through a server that stalls for the first tenth of the second.
        rate, capacity = 700, 1000
        free, delays = validate_stall.kStall, []
        for number in range(rate):
            arrival = number / rate
            begin = max(free, arrival)
            free = begin + 1 / capacity
            delays.append(begin - arrival)
        delays.sort()
        for share in (0.5, 0.7, 0.8, 0.9, 0.99):
            expected = validate_stall.delay(share, rate, capacity)
            self.assertAlmostEqual(delays[int(share * rate) - 1], expected, delta=1 / capacity)


class StallFigures(unittest.TestCase):
    def result(self, **changed):
        expected = {"p50": 60_000, "p90": 50e6, "p95": 75e6, "p99": 95e6, "p99.9": 99.5e6} | changed
        return {"latency": {"response": {"percentiles": expected, "max": 100e6}}}

    def holding(self, **changed):
        return self.names_that_hold([self.result(**changed)] * 2 + [self.result()])

    def names_that_hold(self, results):
        found = validate_stall.figures(results, 50_000, 100_000)
        return [each["name"].split(" ")[0] for each in found if each["holds"]]

    def test_right_percentiles_hold(self):
        self.assertEqual(self.holding(), ["p50", "p90", "p95", "p99", "p99.9", "max"])

    def test_wrong_ones_do_not(self):
        # The validation must find errors such as wrk2's p50 of 1.2 ms and ab's p99 of 1 ms.
        self.assertNotIn("p50", self.holding(p50=1.2e6))
        self.assertNotIn("p99", self.holding(**{"p99": 1e6}))
        self.assertNotIn("p95", self.holding(p95=75e6 * 1.031))
        self.assertIn("p95", self.holding(p95=75e6 * 1.029))

    def test_the_median_of_the_rounds_counts(self):
        # A mean, or the last round, would let one round that the machine disturbed decide.
        disturbed = self.result(p90=90e6)
        self.assertIn("p90", self.names_that_hold([self.result(), self.result(), disturbed]))
        self.assertNotIn("p90", self.names_that_hold([self.result(), disturbed, disturbed]))

    def test_a_percentile_that_is_not_known_does_not_hold(self):
        self.assertNotIn("p99.9", self.holding(**{"p99.9": None}))


class Control(unittest.TestCase):
    def test_slow_and_unanswered_requests_count(self):
        response = {"count": 98, "uncompleted": 2, "buckets": [[1_000_000, 95], [2_500_000, 2], [9_000_000, 1]]}
        result = {"latency": {"response": response}}
        self.assertEqual(validate_stall.slower_than(result, 2.5), 0.03)
        self.assertEqual(validate_stall.slower_than(result, 2.4), 0.05)


class Figure(unittest.TestCase):
    def test_bounds_are_inclusive(self):
        self.assertTrue(known_values.figure("x", "ms", 1.0, low=1.0, high=1.0)["holds"])
        self.assertFalse(known_values.figure("x", "ms", 0.999, low=1.0)["holds"])
        self.assertFalse(known_values.figure("x", "ms", 1.001, high=1.0)["holds"])
        self.assertTrue(known_values.figure("x", "ms", 0)["holds"], "0 is a measured value")


ROOT = pathlib.Path(__file__).resolve().parents[1]


class Faults(unittest.TestCase):
    def of(self, code=5, kinds=("reset",), **changes):
        requests = {"sent": 9, "completed": 4, "failed": 3, "unanswered": 2} | changes.pop("requests", {})
        result = {"requests": requests, "errors": {"reset": 5}} | changes
        return validate_fault_injection.count_faults(code, result, 5, set(kinds))

    def test_a_sound_account_has_no_fault(self):
        self.assertEqual(self.of(), 0)

    def test_unaccounted_requests_count_in_both_directions(self):
        self.assertEqual(self.of(requests={"completed": 2}), 2)
        self.assertEqual(self.of(requests={"completed": 5}), 1)

    def test_exit_code_and_kinds_of_errors_count(self):
        self.assertEqual(self.of(code=0), 1)
        self.assertEqual(self.of(errors={"reset": 1, "mismatch": 1}), 1)
        self.assertEqual(self.of(kinds=("timeout",)), 2)  # a wrong kind, and the right one is missing
        self.assertEqual(self.of(errors={}), 1)
        self.assertEqual(self.of(errors={}, kinds=("timeout", None)), 0)


def comparison(estimate, low, high):
    ratio = {"estimate": estimate, "low": low, "high": high, "coverage": 0.95}
    return {"throughput": ratio, "server_cpu_per_request": ratio, "blocks": 62}


class InterleavingFigures(unittest.TestCase):
    def test_the_deviation_of_controls(self):
        # 0.99 and 1.01 are 0.01 from their mean, so their deviation is 0.01 times the root of 2.
        figures = validate_interleaving.a_a_figures([comparison(0.99, 0.9, 1.1), comparison(1.01, 0.9, 1.1)])
        self.assertAlmostEqual(figures[0]["measured"], 0.01 * 2**0.5)
        self.assertFalse(figures[0]["holds"])
        self.assertAlmostEqual(figures[1]["measured"], 1)
        self.assertTrue(validate_interleaving.a_a_figures([comparison(0.995, 0.9, 1.1), comparison(1, 0.9, 1.1)])[0]["holds"])

    # Would catch: a single repetition, or the mean, instead of the median.
    def test_the_time_of_the_loop_is_the_median(self):
        times = {"mean": 1500.0, "median": 1340.0}
        found = [{"name": "x/repetition", "run_type": "iteration", "cpu_time": 2000.0}]
        found += [{"name": f"x_{key}", "aggregate_name": key, "cpu_time": time} for key, time in times.items()]
        self.assertEqual(validate_interleaving.median_cpu_time({"benchmarks": found}), 1340.0)

    # Would catch: a difference that counts although the interval contains 1.
    def test_the_interval_decides(self):
        held = [each["holds"] for each in validate_interleaving.a_b_figures(comparison(0.98, 0.97, 0.99))]
        self.assertEqual(held, [True, False])
        self.assertFalse(validate_interleaving.a_b_figures(comparison(0.98, 0.95, 1.01))[0]["holds"])


def scale_result(memory, **changes):
    up = {"established": 100, "served": 100, "failed": 0, "idle_established": 900, "idle_served": 900, "idle_lost": 0}
    return {
        "connections": up | {"setup_ns": 40_000_000} | changes,
        "requests": {"sent": 7, "completed": 7},
        "generator": {"max_rss_bytes": memory},
    }


class Network(unittest.TestCase):
    # Would catch: a table of the machine, or a setting left behind. 600 connections have 1200 ends; 2048 is the next
    # power of two.
    def test_a_namespace_of_its_own_has_a_bucket_for_each_end(self):
        code = (
            "from validation import validate_scale\n"
            "before = open(validate_scale.CHILD_BUCKETS).read()\n"
            "with open(validate_scale.CHILD_BUCKETS, 'rb', 0) as setting:\n"
            "    validate_scale.move_to_own_network(600)\n"
            "    assert setting.read().decode() == before\n"
            "print(validate_scale.describe_buckets())\n"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
        if "[Errno" in done.stderr:
            self.skipTest(f"no network namespace: {done.stderr.splitlines()[-1]}")
        self.assertEqual(done.stdout.strip(), "its connection table has 2,048 buckets", done.stderr)


class ScaleFigures(unittest.TestCase):
    def of(self, **changes):
        found = validate_scale.figures(scale_result(6_000_000 + 900 * 32, **changes), scale_result(6_000_000), 1000)
        return {each["name"]: (each["measured"], each["holds"]) for each in found}

    def test_all_established_and_served_in_time(self):
        found = self.of()
        self.assertTrue(all(holds for _, holds in found.values()), found)
        self.assertEqual(found["new connections per second"], (25_000, True))
        self.assertEqual(found["generator memory per connection"], (32, True))

    def test_missing_connections_fail(self):
        self.assertEqual(self.of(idle_established=899)["connections established"], (999, False))
        self.assertEqual(self.of(idle_served=899)["connections served"], (999, False))
        self.assertEqual(self.of(idle_lost=1, failed=1)["connections failed or lost"], (2, False))
        self.assertFalse(self.of(setup_ns=41_000_000)["new connections per second"][1])

    def test_a_refusal_is_one_line_and_the_exit_code_of_bad_input(self):
        def done(code, output, errors):
            return subprocess.CompletedProcess([], code, output, errors)

        self.assertTrue(validate_scale.fails_fast(done(2, "", "raise x\n")))
        self.assertFalse(validate_scale.fails_fast(done(1, "", "raise x\n")))
        self.assertFalse(validate_scale.fails_fast(done(2, "", "raise x\nor y\n")))
        self.assertFalse(validate_scale.fails_fast(done(2, "{}", "raise x\n")))


class StoredRuns(unittest.TestCase):
    def holds(self, *codes):
        return [each["holds"] for each in validate_stored_runs.figures([(*each, 1.5) for each in codes])]

    def test_one_of_twenty_may_be_wrong(self):
        right, alarm, missed = (0, 1), (1, 1), (0, 4)
        self.assertEqual(self.holds(*[right] * 18, alarm, missed), [True, True, True])
        self.assertEqual(self.holds(*[right] * 18, alarm, alarm), [False, True, True])
        self.assertEqual(self.holds(*[right] * 18, missed, missed), [True, False, True])
        self.assertEqual(self.holds(*[right] * 9, alarm), [False, True, True])  # of fewer none

    def test_other_exit_codes_are_counted(self):
        # Would catch: a comparison that could not decide (4) and passes for a right one, without a trace.
        text = "; ".join(validate_stored_runs.describe_codes([(0, 1, 1.5), (4, 1, 1.5)]))
        self.assertEqual(text, "same commit: exit code 0 in 1, exit code 4 in 1; slowed server: exit code 1 in 2")

    def test_the_steps_that_slow_the_server(self):
        # 4,000 steps more than 2,000 cost 4 us, and half of 8 us is 4 us; where they cost 8 us, half of them do.
        self.assertEqual(validate_stored_runs.scale_loops(8000, 12000), 6000)
        self.assertEqual(validate_stored_runs.scale_loops(8000, 16000), 4000)

    def test_only_the_slowed_server_counts(self):
        def verdict(cell, ratio):
            return {"cell": cell, "metric": validate_stored_runs.CPU, "ratio": {"ratio": ratio}}

        metrics = [verdict("rounds/thread/50", 1.5), verdict("rounds/epoll/50", 1.0), verdict("rounds/thread/50 (to epoll)", 2)]
        self.assertEqual(validate_stored_runs.slowdown({"metrics": metrics}), 1.5)


class SuiteSessions(unittest.TestCase):
    def session(self, code, *verdicts):
        return code, {"metrics": [{"verdict": each} for each in verdicts]}

    def test_one_of_twenty_may_be_wrong(self):
        quiet, alarm, broken = self.session(0, "equivalent"), self.session(1, "worse"), self.session(5, "undecided")
        for sessions, holds in (([quiet] * 18 + [alarm, broken], [True, True]), ([quiet] * 18 + [alarm] * 2, [False, True]), ([quiet, broken], [True, False])):
            found = validate_suite_sessions.figures(sessions)
            self.assertEqual([each["holds"] for each in found[:2]], holds)

    def test_comparisons_are_counted(self):
        # Would catch: sessions that decide nothing, and so raise no alarm.
        sessions = [self.session(0, "equivalent", "undecided"), self.session(1, "worse", "better"), self.session(4, "undecided")]
        found = {each["name"]: each["measured"] for each in validate_suite_sessions.figures(sessions)}
        self.assertEqual((found["comparisons"], found["of them decided"], found["of them better or worse"]), (5, 3, 2))


class IdleSpinner(unittest.TestCase):
    def test_it_spins_on_its_cpu_with_the_lowest_priority_and_ends(self):
        # Would catch: a spinner of the normal class, which takes half of the measured CPU, or one that outlives its use.
        cpu = min(os.sched_getaffinity(0))
        with known_values.out_of_halt(cpu) as child:
            while os.sched_getscheduler(child) != os.SCHED_IDLE:
                time.sleep(0.001)
            self.assertEqual(os.sched_getaffinity(child), {cpu})
        with self.assertRaises(ProcessLookupError):
            os.kill(child, 0)


if __name__ == "__main__":
    unittest.main()
