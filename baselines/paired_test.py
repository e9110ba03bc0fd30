"""Tests of the comparisons: statistics against known values, the command line, and result files against their schemas."""
import argparse
import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import jsonschema

from baselines import paired
from validation import known_values

ROOT = pathlib.Path(__file__).resolve().parents[1]
SCHEMAS = ROOT / "results" / "schema"


class MedianInterval(unittest.TestCase):
    def test_five_values_have_their_whole_range(self):
        # The median is outside in 2 of the 32 ways to fall above or below it.
        self.assertEqual(paired.median_interval([5, 1, 4, 2, 3]), (1, 5, 30 / 32))

    def test_ten_values_leave_out_the_outermost(self):
        # 22 of 1024 ways: none or one of ten on one side, or on the other.
        self.assertEqual(paired.median_interval(list(range(10))), (1, 8, 1 - 22 / 1024))


class Ratios(unittest.TestCase):
    COSTS = {"minimal": [1.0, 2.0, 1.0], "mine": [1.1, 2.2, 1.2]}

    def test_ratios_are_taken_within_rounds(self):
        # A machine that is twice as slow in one round must not show in the ratio.
        (ratio,) = paired.ratios(self.COSTS, [("mine", "minimal")])
        self.assertAlmostEqual(ratio["median"], 1.1)
        self.assertEqual((ratio["low"], ratio["high"]), (1.1, 1.2))

    def test_a_lost_round_is_no_pair(self):
        # Cut to the shorter one, rounds would be divided by other rounds.
        with self.assertRaises(ValueError):
            paired.ratios({"minimal": [1.0], "mine": [1.1, 2.2]}, [("mine", "minimal")])

    def test_rows_are_medians_of_rounds(self):
        self.assertEqual([row["cpu_us_per_request"] for row in paired.rows(self.COSTS)], [1.0, 1.2])


class Order(unittest.TestCase):
    def test_every_other_round_goes_backwards(self):
        self.assertEqual([paired.order_round("AB", number) for number in range(3)], [["A", "B"], ["B", "A"], ["A", "B"]])


class BrokenPipe(unittest.TestCase):
    # Would catch: a traceback from `generator_cost.py echo | head -1`, and a server that it left behind.
    SCRIPT = """
import contextlib, sys
from baselines import paired
def main():
    with contextlib.ExitStack() as running:
        running.callback(lambda: open(sys.argv[1], "w").close())
        for number in range(100000):
            print("round", number)
paired.run(main)
"""

    def run_without_reader(self, *command):
        reader, writer = os.pipe()
        os.close(reader)
        try:
            return subprocess.run(
                [sys.executable, *command],
                stdout=writer,
                stderr=subprocess.PIPE,
                cwd=ROOT,
                check=False,
            )
        finally:
            os.close(writer)

    def test_a_script_ends_quietly_and_cleans_up(self):
        with tempfile.TemporaryDirectory() as folder:
            cleaned = pathlib.Path(folder) / "cleaned"
            done = self.run_without_reader("-c", self.SCRIPT, str(cleaned))
            self.assertEqual((done.returncode, done.stderr), (141, b""))
            self.assertTrue(cleaned.exists())

    def test_every_program_does(self):
        programs = [path for folder in ("baselines", "validation") for path in (ROOT / folder).glob("*.py")]
        programs = [path for path in programs if "paired.run(main)" in path.read_text() and path.name != "paired_test.py"]
        self.assertGreater(len(programs), 6)
        for program in programs:
            done = self.run_without_reader("-m", f"{program.parent.name}.{program.stem}", "--help")
            self.assertEqual((done.returncode, done.stderr), (141, b""), program)


class CommandLine(unittest.TestCase):
    """All scripts refuse these in one line that says what to do."""

    def refusal(self, *arguments, cpus=2):
        with contextlib.ExitStack() as stack:
            stack.enter_context(mock.patch.object(sys, "argv", ["generator_cost.py", *arguments]))
            stack.enter_context(mock.patch.object(os, "sched_getaffinity", return_value=set(range(cpus))))
            printed = stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
            refused = stack.enter_context(self.assertRaises(SystemExit))
            parser = paired.command_line("what it does", 10)
            parser.add_argument("--rounds", type=int, default=3)
            paired.parse(parser, ("fanin-load",), {"rounds": 2})
        self.assertEqual(refused.exception.code, 2)
        return printed.getvalue()

    def test_what_is_refused(self):
        self.assertEqual(self.refusal("--seconds", "0"), "generator_cost: --seconds is 0: give 1 or more\n")
        self.assertEqual(self.refusal("--rounds", "1"), "generator_cost: --rounds is 1: give 2 or more\n")
        nowhere = self.refusal("--build", "/nowhere")
        self.assertRegex(nowhere, "^generator_cost: there is no /nowhere/fanin-load: build it.*\n$")
        self.assertRegex(self.refusal(cpus=1), "^generator_cost: two CPUs are needed: .*\n$")

    def test_what_is_taken(self):
        with tempfile.TemporaryDirectory() as build:
            pathlib.Path(build, "fanin-load").touch()
            argv = ["generator_cost.py", "--build", build, "--seconds", "3"]
            two_cpus = mock.patch.object(os, "sched_getaffinity", return_value={0, 1})
            with mock.patch.object(sys, "argv", argv), two_cpus:
                options = paired.parse(paired.command_line("what it does", 10), ("fanin-load",))
        self.assertEqual((options.seconds, options.json), (3, None))


class Files(unittest.TestCase):
    """plots/publish.py requires that the files fit their schemas."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        # In a folder that does not exist yet, like RUN/comparisons/.
        path = pathlib.Path(folder.name) / "comparisons" / "result.json"
        build = pathlib.Path(folder.name)
        self.program = build / "fanin-load"
        self.print_version("fanin-load 0.1.0, commit 0123456789 with changes, Release, GNU 12.2.0")
        self.options = argparse.Namespace(json=path, build=build, connections=50, seconds=2, driver="epoll")

    def print_version(self, version):
        self.program.write_text(f"#!/bin/sh\necho '{version}'\n")
        self.program.chmod(0o755)

    # The bug: docs/results.md could not say when a comparison was measured, nor by which commit.
    def test_day_and_commit_are_recorded(self):
        origin = paired.origin(self.options.build)
        self.assertEqual(origin["commit"], "0123456789 with changes")
        self.assertRegex(origin["measured_at"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.print_version("fanin-load 0.1.0, commit unknown, Release, GNU 12.2.0")
        self.assertIsNone(paired.origin(self.options.build)["commit"])

    def check(self, schema):
        document = json.loads(self.options.json.read_text())
        jsonschema.Draft202012Validator(json.loads((SCHEMAS / schema).read_text())).validate(document)
        return document

    def test_comparison(self):
        skipped = [{"name": "hey", "reason": "not installed"}]
        served = {"by_generators": 10, "by_server": 12}
        for more in ((), (skipped, served)):
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                costs = {"minimal": [2.0, 2.0], "mine": [2.2, 2.4]}
                paired.report("generator-echo", "echo", costs, [("mine", "minimal")], self.options, *more)
            self.assertIn("mine / minimal: 1.150 [1.100, 1.200]", printed.getvalue())
            self.assertEqual(self.check("comparison.schema.json")["served"], more[1] if more else None)

    def test_validation(self):
        figures = [known_values.figure("p50", "ms", 1.0, 1.1, 0.6, 1.6), known_values.figure("p99.9", "ms", None, 99.0, 96.0)]
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            code = known_values.report("stall", "stalls", figures, ["a note"], self.options)
        self.assertEqual(code, 1, "an unknown figure fails")
        self.assertRegex(printed.getvalue(), r"p99\.9, ms +- +99 +96 +-  FAIL\n")
        self.check("validation.schema.json")


if __name__ == "__main__":
    unittest.main()
