"""Several runs in one command, several targets in one run, and calibration."""

import json
import subprocess
import tempfile
import unittest
from collections import Counter
from pathlib import Path

from programs import LOAD, QUICK, load, run_load, server, test, without_warning
from plots.validate import findings

# Where ten runs make one experiment: beyond the ceiling each of them waits for its last replies until the time-out.
SHORT = ["--duration", "100ms", "--warmup", "20ms", "--timeout", "300ms", "--allow-busy"]


class Experiments(unittest.TestCase):
    """Several runs in one command."""

    def run_one(self, *arguments):
        done = load(*arguments, "--json", "-")
        result = json.loads(done.stdout)
        self.assertEqual(findings(result, "result"), [], done.stderr)
        return result, done

    def test_a_sweep(self):
        with server() as (target, _):
            result, done = self.run_one(target, *QUICK, "--sweep", "connections=1,8")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([point["value"] for point in result["points"]], [1, 8])
        self.assertEqual([point["result"]["connections"]["served"] for point in result["points"]], [1, 8])
        self.assertEqual(len(done.stderr.split("\n\n")[0].splitlines()), 3, done.stderr)

    def test_the_latency_versus_load_curve(self):
        with server() as (target, _):
            result, done = self.run_one(target, *SHORT, "--sweep", "rate=auto")
        ceiling = result["ceiling"]["throughput"]["requests_per_s"]
        self.assertEqual(len(result["points"]), 9)
        self.assertAlmostEqual(result["points"][0]["value"] / ceiling, 0.1, delta=0.01)
        self.assertGreater(result["points"][-1]["value"], ceiling)

    def test_a_search_for_a_rate(self):
        # Whatever this machine can do, half of its requests come back within a second, and none within a nanosecond.
        with server() as (target, _):
            result, done = self.run_one(target, *SHORT, "--find-rate", "p50<=1ns")
            valid = any(probe["result"]["verdict"]["status"] != "invalid" for probe in result["probes"])
            self.assertEqual(done.returncode, 1 if valid else 5, done.stderr)  # on a busy machine none may be valid
            self.assertIsNone(result["rate_per_s"])
            self.assertRegex(result["bound"], "p50 was|invalid|too few")
            result, done = self.run_one(target, *SHORT, "--find-rate", "p50<1s", "--find-precision", "0.5")
        if done.returncode == 0:  # on a busy machine no schedule may be kept, which the result then says
            self.assertEqual(result["confirming"]["schedule"]["asked_rate_per_s"], result["rate_per_s"])
        else:
            self.assertRegex(result["bound"], "invalid|too few")

    def test_a_server_that_dies_costs_what_is_not_probed_yet(self):
        # Killed once the first probe's row is there: that probe is kept, and the JSON says what ended the search.
        # Within 100 ms the lowest rate that can be judged is 240/s, which is where a slow machine starts: both attempts
        # there failed, one for the kill, and the search was at its end before it met a dead server.
        with server() as (target, process), tempfile.NamedTemporaryFile() as file, subprocess.Popen(
                [LOAD, target, *SHORT[2:], "--duration", "1s", "--find-rate", "p50<1s", "--json", file.name],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as search:
            for line in search.stdout:
                if " doubling " in line:
                    break
            process.kill()
            text = " ".join(search.stdout.read().split())
            rest = without_warning(search.stderr.read())
            self.assertEqual(search.wait(), 5, rest)
            result = json.loads(Path(file.name).read_text(encoding="utf-8"))
        self.assertEqual(findings(result, "result"), [])
        self.assertGreaterEqual(len(result["probes"]), 1)
        self.assertEqual((text.count(result["reason"]), rest), (1, ""))  # the bug: on stderr as well


class Assertions(unittest.TestCase):
    """Conditions on results, in the text, in the JSON and in the exit code."""

    # Nothing takes an hour, and nothing takes a nanosecond, so the speed of the machine decides none of them.
    SURE = "p50<1h,mean<=1h,rate>=1"
    FALSE = "p50<=1ns"
    TOO_FEW = "p99.99<1h"

    def check(self, *arguments, code):
        with tempfile.NamedTemporaryFile() as file:
            done = load(*arguments, "--json", file.name)
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
            result = json.loads(Path(file.name).read_text(encoding="utf-8"))
        self.assertEqual(findings(result, "result"), [])
        return result, done.stdout

    def test_a_run(self):
        """Would catch: a missed objective with exit code 0, and one that a few samples or an invalid result pass."""
        with server() as (target, _):
            run = [target, "-c", "2", "--requests", "100", "--warmup", "0", "--driver", "epoll", "--allow-busy"]
            result, text = self.check(*run, "--assert", self.SURE, "--assert", "errors<=0%", code=0)
            self.assertEqual([each["decision"] for each in result["assertions"]], 4 * ["met"])
            self.assertIn("assert errors<=0%: met, 0 %\n", text)
            result, text = self.check(*run, "--assert", f"{self.SURE},{self.FALSE}", "--assert", self.TOO_FEW, code=1)
            self.assertEqual([each["decision"] for each in result["assertions"]], 3 * ["met"] + ["missed", "undecided"])
            self.assertRegex(text, r"assert p50<=1ns: missed, [0-9.]+ ")
            self.check(*run, "--assert", self.TOO_FEW, code=4)
            wrong = [*run, "--protocol", "raw", "--request", "a\\n", "--reply-delimiter", "\\n", "--expect", "b"]
            result, text = self.check(*wrong, "--assert", "rate>0", code=5)
            self.assertEqual(result["assertions"][0]["decision"], "undecided")
            self.assertIn("assert rate>0: undecided, the run is invalid: ", text)

    def test_a_sweep_and_interleaved_targets(self):
        """Would catch: points or targets after the first one that are not judged."""
        with server() as (target, _):
            result, text = self.check(target, *QUICK, "--sweep", "connections=1,8", "--assert", self.FALSE, code=1)
            self.assertEqual([point["result"]["assertions"][0]["decision"] for point in result["points"]], 2 * ["missed"])
            self.assertEqual(text.count("assert p50<=1ns: missed, "), 2)
            both = 2 * ["--target", target]
            result, text = self.check(*both, "--interleave", "5ms", *QUICK, "--assert", self.FALSE, code=1)
            self.assertEqual([one["result"]["assertions"][0]["decision"] for one in result["targets"]], 2 * ["missed"])
            self.assertRegex(text, r"  A: assert p50<=1ns: missed, .*\n  B: assert p50<=1ns: missed, ")


class Turns(unittest.TestCase):
    """Several targets in one run."""

    def test_an_a_a_run(self):
        with server() as (target, process):
            both = 2 * ["--target", target, "--server-pid", str(process.pid)]
            done = load(*both, "--interleave", "5ms", "--duration", "300ms", "--warmup", "0", "--json", "-", "--allow-busy")
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual(findings(result, "result"), [])
        numbers = [[each["number"] for each in one["slices"]] for one in result["targets"]]
        for own in numbers:  # each block has a walk and its mirror image
            self.assertTrue({3 - number % 4 for number in own} <= {number % 4 for number in own}, own)
        self.assertEqual(set(numbers[0]) & set(numbers[1]), set())
        # Failed once where 15 were asked for: a generator that does not run for 5 ms misses a slice, and so its block.
        slices_of = Counter(number // 4 for number in numbers[0] + numbers[1])
        whole = [block for block, slices in slices_of.items() if slices == 4]
        self.assertEqual(result["comparisons"][0]["blocks"], len(whole))
        self.assertGreater(len(whole), 0)
        self.assertLessEqual(max(slices_of), 14)
        for one in result["targets"]:
            self.assertGreater(one["throughput_per_s"], 0)
            self.assertGreater(one["server_cpu_per_request_ns"], 0)

    def test_an_open_loop_runs_in_the_slices(self):
        """Would catch: a schedule that goes on while other targets have their slices, so that each slice begins with
        a backlog. Evenly spaced requests: their number follows from the active time, but for two cut slices."""
        with server() as (target, _):
            three = 3 * ["--target", target]
            done = load(*three, "--interleave", "5ms", "--duration", "600ms", "--warmup", "50ms", "--rate", "1000",
                        "--arrival", "uniform", "--idle-connections", "5", "--json", "-")
        self.assertEqual(findings(json.loads(done.stdout), "result"), [])
        for one in json.loads(done.stdout)["targets"]:
            result = one["result"]
            due = result["requests"]["sent"]
            self.assertAlmostEqual(due, result["window"]["active_ns"] / 1e6, delta=13)
            self.assertEqual(result["connections"]["idle_established"], 5)

    def test_a_target_that_is_not_there_is_the_one_to_blame(self):
        """Would catch: the good target called invalid for another's refusal, and blamed by the comparison."""
        with server() as (target, _):
            done = load("--target", target, "--target", "127.0.0.1:1", "--duration", "300ms", "--json", "-")
        self.assertEqual(done.returncode, 5, done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual(findings(result, "result"), [])
        refused = "no connection to 127.0.0.1:1 came up: Connection refused"
        self.assertEqual([one["result"]["verdict"]["reasons"] for one in result["targets"]],
                         [[{"code": "unreachable", "text": "not measured: " + refused}],
                          [{"code": "unreachable", "text": refused}]])
        self.assertEqual(result["comparisons"][0]["reason"], "B is invalid: " + refused)
        rows = [line.split()[-2:] for line in done.stderr.splitlines() if line.startswith(("  A  ", "  B  "))]
        self.assertEqual([" ".join(rows[0]), rows[1][-1]], ["not measured", "invalid"], done.stderr)

    def test_targets_that_cannot_be_compared(self):
        """Would catch: no ratio, no reason for that, and exit code 0."""
        with server() as (target, _):
            done = load("--target", target, "--target", target, "--interleave", "2ms", "--duration", "10ms", "--think-time", "200ms",
                        "--warmup", "0", "--json", "-")
        self.assertEqual(done.returncode, 5, done.stderr)
        comparison = json.loads(done.stdout)["comparisons"][0]
        self.assertIsNone(comparison["throughput"])
        self.assertTrue(comparison["reason"])


class Calibration(unittest.TestCase):
    def test_calibration(self):
        with tempfile.TemporaryDirectory() as folder, server() as (target, _):
            path = f"{folder}/calibration.json"
            done = load("calibrate", "--quiet", "--json", path)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            calibration = json.loads(Path(path).read_text())
            self.assertEqual(findings(calibration, "calibration"), [])
            ceilings = {each["driver"]: each for each in calibration["ceilings"]}
            self.assertEqual(ceilings.keys(), {"io-uring", "epoll", "threads"})
            epoll = ceilings["epoll"]
            self.assertGreater(epoll["measured_per_s"], 0)
            self.assertEqual(epoll["requests_per_s"] is None, epoll["generator_utilisation"] < 0.9)
            result, _ = run_load(target, *QUICK, "--driver", "epoll", "--calibration", path)
            self.assertEqual(findings(result, "result"), [])
            self.assertEqual(result["checks"]["ceiling_per_s"], epoll["requests_per_s"])
            self.assertEqual(result["checks"]["ceiling_reason"], epoll["reason"])
            refused = load(target, *QUICK, "--calibration", f"{folder}/none.json")
            wrong = load("calibrate", "--rate", "5")
        for done in (refused, wrong):
            self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done.stderr)


if __name__ == "__main__":
    test()
