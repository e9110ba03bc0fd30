"""Tests of what a run with many connections comes to."""
import pathlib
import subprocess
import sys
import unittest

from validation import validate_scale

ROOT = pathlib.Path(__file__).resolve().parents[1]


def result(memory, **changes):
    up = {"established": 100, "served": 100, "failed": 0, "idle_established": 900, "idle_served": 900, "idle_lost": 0}
    return {
        "connections": up | {"setup_ns": 40_000_000} | changes,
        "requests": {"sent": 7, "completed": 7},
        "generator": {"max_rss_bytes": memory},
    }


class Network(unittest.TestCase):
    # Would catch: a table that stays the machine's, and a setting that is left behind for others. 600 connections have
    # 1200 ends, and 2048 is the next power of two.
    def test_a_namespace_of_its_own_has_a_bucket_for_each_end(self):
        code = (
            "from validation import validate_scale\n"
            "before = open(validate_scale.CHILD_BUCKETS).read()\n"
            "with open(validate_scale.CHILD_BUCKETS, 'rb', 0) as setting:\n"
            "    validate_scale.move_to_own_network(600)\n"
            "    assert setting.read().decode() == before\n"
            "print(validate_scale.buckets_in_words())\n"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
        if "[Errno" in done.stderr:
            self.skipTest(f"no network namespace to be had: {done.stderr.splitlines()[-1]}")
        self.assertEqual(done.stdout.strip(), "its table of connections has 2,048 buckets", done.stderr)


class Figures(unittest.TestCase):
    def of(self, **changes):
        found = validate_scale.figures(result(6_000_000 + 900 * 32, **changes), result(6_000_000), 1000)
        return {each["name"]: (each["measured"], each["holds"]) for each in found}

    def test_all_up_and_served_in_time(self):
        found = self.of()
        self.assertTrue(all(holds for _, holds in found.values()), found)
        self.assertEqual(found["new connections per second"], (25_000, True))
        self.assertEqual(found["generator's memory per connection"], (32, True))

    def test_what_is_missing_does_not_hold(self):
        self.assertEqual(self.of(idle_established=899)["connections up"], (999, False))
        self.assertEqual(self.of(idle_served=899)["connections served"], (999, False))
        self.assertEqual(self.of(idle_lost=1, failed=1)["connections failed or lost"], (2, False))
        self.assertFalse(self.of(setup_ns=41_000_000)["new connections per second"][1])

    def test_a_refusal_is_one_line_and_the_exit_code_of_bad_input(self):
        def done(code, output, errors):
            return subprocess.CompletedProcess([], code, output, errors)

        self.assertTrue(validate_scale.refused_in_one_line(done(2, "", "raise x\n")))
        self.assertFalse(validate_scale.refused_in_one_line(done(1, "", "raise x\n")))
        self.assertFalse(validate_scale.refused_in_one_line(done(2, "", "raise x\nor y\n")))
        self.assertFalse(validate_scale.refused_in_one_line(done(2, "{}", "raise x\n")))


if __name__ == "__main__":
    unittest.main()
