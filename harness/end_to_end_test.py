"""Whole runs of suites: complete, interrupted and resumed, of every schedule, and what the charts make of them."""

import json
import os
import signal
import subprocess
import sys
import unittest
from pathlib import Path

from end_to_end import BINARIES, SUITE, EndToEnd


def readable_text(path):
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:  # it has ended, or belongs to somebody else
        return ""


class Runs(EndToEnd):
    def test_a_run_is_complete_and_valid(self):
        done = self.fanin("run", self.suite, "--out", self.out)
        self.assertEqual(done.returncode, 5, done.stderr)  # because of the server that is not there
        self.check_valid()
        run = self.run_json()
        self.assertTrue(run["complete"])
        status = {cell["id"]: cell["status"] for cell in run["cells"]}
        self.assertEqual(status.pop("closed/missing/2"), "failed")
        self.assertEqual(status.pop("idle/select/1500"), "unsupported")
        slopes = {(each["server"], each["metric"]): each for each in run["slopes"]}
        self.assertIn("1 of 2 sweep values was measured", slopes["select", "memory_total_bytes"]["reason"])
        if all(status[f"idle/epoll/{idle}"] == "measured" for idle in (0, 1500)):
            self.assertIn(slopes["epoll", "server_kernel_stack_bytes"]["median"], (0, None))  # None: not shown here
        # A busy machine may spoil measurements, but must not make any cell disappear.
        self.assertLessEqual(set(status.values()), {"measured", "invalid"})
        self.assertEqual(len(run["rounds"]), 2 * len(status))
        for one in run["rounds"]:
            if one["status"] == "ok":
                late = 2.2 * one["server"]["read_late_ns"] > one["load"]["window"]["duration_ns"]
                if not late:  # else the CPU time of the window is unknown: a busy machine did not let the harness look in time
                    self.assertGreater(one["server"]["cpu_ns"], 0)
                self.assertGreater(one["server"]["pss_bytes"], 0)
                self.assertGreater(one["server"]["page_table_bytes"], 0)
                self.assertGreater(one["server"]["counters"]["bytes"]["received"], 0)
                self.assertGreater(one["load"]["requests"]["completed"], 0, one["cell"])
            if one["load"]:
                self.assertNotIn("mismatch", one["load"]["errors"], one["cell"])
            if one["cell"] == "closed/process/2" and one["status"] == "ok":
                self.assertEqual(one["server"]["processes"], 3)
            if one["cell"] == "closed/copies/2" and one["status"] == "ok":
                self.assertEqual(one["server"]["processes"], 3)  # the parent too, which serves nothing
        self.assertNotIn(str(BINARIES), (self.out / "run.json").read_text())  # no path of this machine
        verdict = self.out.parent / "verdict.json"
        itself = self.fanin("compare", self.out, self.out / "run.json", "--json", verdict)  # the bug: no regression, exit code 0
        self.assertEqual((itself.returncode, itself.stderr), (2, f"fanin: compare: both sides have the run {run['run_id']}: give two runs\n"))
        # Two rounds of a cell are too few for an interval. Would catch: a comparison that cannot fail, and passes.
        runs = Path(self.folder.name) / "runs"  # a directory of runs: three of one side
        for name in "abc":
            (runs / name).mkdir(parents=True)
            (runs / name / "run.json").write_text(json.dumps({**run, "run_id": f"{run['run_id']}-{name}"}))
        again = self.fanin("compare", self.out, runs / "a", "--json", verdict)
        self.assertEqual(again.returncode, 4, again.stdout + again.stderr)
        self.assertIn("2 rounds of base and 2 rounds of new are too few", again.stdout)
        self.assertEqual(json.loads(verdict.read_text())["exit_code"], 4)
        valid = self.fanin("validate", self.out, verdict)  # the bug: the directory of a run was refused, and nothing printed
        self.assertEqual((valid.stdout, valid.stderr, valid.returncode), (
            f"{self.out}: valid: {len(run['cells'])} cells, {len(run['rounds'])} rounds\n"
            f"{verdict}: valid: {len(json.loads(verdict.read_text())['metrics'])} comparisons\n", "", 0))
        verdict.write_text(verdict.read_text().replace('"exit_code":4', '"exit_code":0'))
        edited = self.fanin("validate", verdict)
        self.assertEqual(edited.returncode, 2)
        self.assertIn("/exit_code: but the verdicts give 4", edited.stderr)
        several = self.fanin("compare", self.out, runs)
        self.assertIn("2 rounds of base and 6 rounds of new are too few", several.stdout)
        skipped = self.fanin("compare", self.out, "--new", runs / "a", "--bisect")
        self.assertEqual(skipped.returncode, 125, skipped.stdout + skipped.stderr)
        twice = self.fanin("run", self.suite, "--out", self.out)
        self.assertEqual(twice.returncode, 2)
        self.assertIn("holds a run already", twice.stderr)
        self.check_plots()

    def check_plots(self):
        # Would catch: charts that can only be drawn from the root of the source tree. There, `plots` is another folder.
        elsewhere = Path(self.folder.name) / "elsewhere"
        (elsewhere / "plots").mkdir(parents=True)
        (elsewhere / "plots" / "__init__.py").write_text("raise SystemExit('the wrong plots')\n")
        drawn = self.fanin("plot", "../run", "--out", "charts", cwd=elsewhere)
        if "has no matplotlib" in drawn.stderr:
            self.skipTest(drawn.stderr)
        self.assertEqual((drawn.returncode, drawn.stderr), (0, ""))
        self.assertTrue((elsewhere / "charts" / "report.html").exists())
        nothing = self.fanin("plot", elsewhere)
        self.assertEqual((nothing.returncode, nothing.stderr.count("\n")), (2, 1), nothing.stderr)

    # Would catch: exit code 0 of a run that measured nothing. select(2) cannot hold 1500 connections.
    def test_a_run_that_measures_nothing_is_undecided(self):
        done = self.fanin("run", self.suite, "--out", self.out, "--only", "idle/select/1500")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertEqual([cell["status"] for cell in self.run_json()["cells"]], ["unsupported"])

    # Would catch: 3 KiB for a connection of nonblocking, which the kernel charges with 8, since files of its failed calls of
    # accept(2) come and go.
    def test_slab_memory_of_a_server_that_never_sleeps_is_unknown(self):
        self.suite.write_text(json.dumps({**SUITE, "repetitions": 1, "servers": [{"name": "spins", "model": "nonblocking"}], "experiments": [
            {"name": "memory", "servers": ["spins"], "workload": {"protocol": "echo", "connections": 1},
             "sweep": {"parameter": "idle_connections", "values": [0, 10]}}]}))
        done = self.fanin("run", self.suite, "--out", self.out)
        self.check_exit_code(done)
        run = self.run_json()
        self.assertEqual([one["machine"]["slab_bytes"] for one in run["rounds"]], [None, None])
        reasons = {slope["metric"]: slope.get("reason") for slope in run["slopes"]}
        self.assertIn("the server never sleeps", reasons["memory_total_bytes"])
        self.assertTrue(all(one["server"]["pss_bytes"] for one in run["rounds"]))

    # Would catch: a server that is measured as its idle wrapper, or that is left behind.
    def test_a_server_behind_a_wrapper_is_measured_and_ends(self):
        serve = f"{BINARIES / 'fanin-server'} epoll --port {{port}}"
        scripts = {"wrapper": f"{serve}; true", "background": f"{serve} & wait", "launcher": f"{serve} & exit 0",
                   "daemon": f"(setsid {serve} &) & exit 0"}
        self.suite.write_text(json.dumps({**SUITE, "repetitions": 1, "servers": [
            {"name": name, "command": ["sh", "-c", script]} for name, script in scripts.items()],
            "experiments": [{key: value for key, value in SUITE["experiments"][0].items() if key != "aa"}]}))
        mark = f"FANIN_END_TO_END={self.folder.name}"
        done = self.fanin("run", self.suite, "--out", self.out, env={**os.environ, **dict([mark.split("=")])})
        self.check_exit_code(done)
        self.check_valid()
        for one in self.run_json()["rounds"]:
            self.assertGreater(one["server"]["threads"], 0, one["cell"])
            if 2.2 * one["server"]["read_late_ns"] < one["load"]["window"]["duration_ns"]:
                # No server reads and answers within 500 ns; the wrapper alone uses next to nothing.
                least = 500 * one["load"]["requests"]["completed"]
                self.assertGreater(one["server"]["cpu_ns"], least, one["cell"])
        left = [each.parent.name for each in Path("/proc").glob("[0-9]*/environ") if readable_text(each).find(mark) >= 0]
        self.assertEqual(left, [])

    def test_an_interrupted_run_goes_on(self):
        process = subprocess.Popen([BINARIES / "fanin", "run", self.suite, "--out", self.out, "--only", "*/epoll/*", "--repetitions", "4"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in process.stderr:
            if line.strip().startswith("2/"):
                break
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        process.stderr.close()
        self.assertEqual(process.wait(timeout=250), 130, rest)
        self.assertIn("--resume", rest)
        self.check_valid()
        first = self.run_json()
        self.assertFalse(first["complete"])
        kept = first["rounds"]
        self.assertGreaterEqual(len(kept), 2)
        with open(self.out / "rounds.jsonl", "a") as log:
            log.write('{"cell":"closed/epo')  # as a crash in the middle of a line leaves it
        resumed = self.fanin("run", "--resume", self.out)
        self.check_exit_code(resumed)
        self.check_valid()
        run = self.run_json()
        self.assertTrue(run["complete"])
        self.assertEqual(run["seed"], first["seed"])
        self.assertEqual(run["rounds"][:len(kept)], kept)
        self.assertEqual(len(run["rounds"]), 4 * len(run["cells"]))
        places = [(one["block"], one["order"]) for one in run["rounds"]]
        self.assertEqual(places, sorted(places))
        self.assertEqual(len({(one["block"], one["cell"]) for one in run["rounds"]}), len(places))
        self.assertEqual(self.fanin("run", "--resume", self.out).returncode, 2)

    def test_every_kind_of_schedule_reaches_the_generator(self):
        # Run from another folder than the suite's, from which the trace's path counts.
        folder = Path(self.folder.name)
        (folder / "traces").mkdir()
        trace = folder / "traces" / "times.txt"
        trace.write_text("0\n0.002\n0.003\n0.010\n")
        mix = [{"weight": 9, "name": "light"}, {"weight": 1, "name": "heavy one", "payload_bytes": 4000}]

        def experiment(name, parameter, value, **keys):
            return {"name": name, "servers": ["epoll"], "workload": {"protocol": "echo", **keys},
                    "sweep": {"parameter": parameter, "values": [value]}}

        self.suite.write_text(json.dumps({**SUITE, "warmup": "auto", "servers": SUITE["servers"][:1], "experiments": [
            experiment("bursts", "burst_size", 5, arrival="bursts", rate=1000),
            experiment("trace", "pipeline", 2, arrival="trace", trace="traces/times.txt"),
            {**experiment("ramp", "connections", 3, ramp={"from_per_s": 100, "to_per_s": 900}), "warmup": "20ms"},
            experiment("mix", "connect_concurrency", 1, mix=mix, idle_strategy="sleep")]}))
        done = self.fanin("run", self.suite.name, "--out", "run", cwd=folder)
        self.check_exit_code(done)
        self.check_valid()
        run = self.run_json()
        self.assertEqual(len(run["rounds"]), 8, done.stdout + done.stderr)
        for one in run["rounds"]:
            self.assertIsNotNone(one["load"], one["reason"])
            asked = one["load"]["workload"]
            kind = one["cell"].partition("/")[0]
            self.assertEqual(asked.get("warmup_until_steady"), None if kind == "ramp" else True)
            if kind == "bursts":
                self.assertEqual((asked["arrival"], asked["burst_size"], asked["rate_per_s"]), ("bursts", 5, 1000))
            elif kind == "trace":
                self.assertEqual((asked["arrival"], asked["trace"]["file"], asked["trace"]["times"]), ("trace", "traces/times.txt", 4))
            elif kind == "ramp":
                self.assertEqual((asked["arrival"], asked["ramp"]), ("poisson", {"from_per_s": 100, "to_per_s": 900}))
            else:
                self.assertEqual([each["name"] for each in one["load"]["classes"]], ["light", "heavy one"])
        # A run that goes on has its own copy of the trace.
        trace.unlink()
        rounds = (self.out / "rounds.jsonl").read_text().splitlines(keepends=True)
        kept = [line for line in rounds if "\"cell\":\"trace/" not in line]
        (self.out / "rounds.jsonl").write_text("".join(kept))
        (self.out / "run.json").write_text(json.dumps({**run, "complete": False}))
        resumed = self.fanin("run", "--resume", self.out)
        self.check_exit_code(resumed)
        again = [one for one in self.run_json()["rounds"] if one["cell"].startswith("trace/")]
        self.assertEqual([one["load"]["workload"]["trace"]["times"] for one in again], [4, 4])
        gone = self.fanin("run", self.suite, "--out", folder / "other")
        self.assertEqual(gone.returncode, 2)
        self.assertEqual(len(gone.stderr.strip().splitlines()), 1, gone.stderr)
        self.assertIn("experiment 'trace': there is no file", gone.stderr)
        # The bug: a link to itself ended in a library's words, and a directory was "no file".
        for make, words in ((lambda: trace.symlink_to(trace.name), "Too many levels of symbolic links: name a regular file"),
                            (lambda: (trace.unlink(), trace.mkdir()), "it is no regular file: name a regular file")):
            make()
            wrong = self.fanin("run", self.suite, "--out", folder / "other")
            self.assertEqual((wrong.returncode, wrong.stderr.count("\n"), words in wrong.stderr), (2, 1, True), wrong.stderr)
        # The bug: a file named charts was copied to where `fanin plot` makes a directory.
        self.suite.write_text(self.suite.read_text().replace("traces/times.txt", "charts"))
        (folder / "charts").write_text("0\n")
        taken = self.fanin("run", self.suite, "--out", folder / "other")
        self.assertEqual(taken.returncode, 2)
        self.assertIn("a run writes a charts of its own: rename that file", taken.stderr)
        self.assertFalse((folder / "other").exists())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
