"""Tests of the validations of faults, interleaving and scale, and of what they share."""
import os
import pathlib
import subprocess
import sys
import time
import unittest

from validation import known_values, validate_fault_injection, validate_interleaving, validate_scale

ROOT = pathlib.Path(__file__).resolve().parents[1]


class Faults(unittest.TestCase):
    def of(self, code=1, kinds=("reset",), **changes):
        requests = {"sent": 9, "completed": 4, "failed": 3, "unanswered": 2} | changes.pop("requests", {})
        result = {"requests": requests, "errors": {"reset": 5}} | changes
        return validate_fault_injection.count_faults(code, result, 1, set(kinds))

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
