"""Runs the real programs as a user does. Arguments: the folder of the binaries, the root of the source tree.

Ends with 77 (skipped) where the interpreter has no jsonschema, because then no result can be validated.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import jsonschema  # noqa: F401  needed by plots.validate
except ImportError:
    print("skipped: this Python has no jsonschema (FANIN_PYTHON chooses another)")
    sys.exit(77)

BINARIES = Path(sys.argv[1])
SOURCE = Path(sys.argv[2])

SUITE = {
    "schema": "fanin-suite", "schema_version": 1, "name": "tiny", "repetitions": 2, "seed": 7, "warmup": "20ms", "duration": "100ms",
    "servers": [{"name": "epoll", "model": "epoll"}, {"name": "select", "model": "select"}, {"name": "process", "model": "process"},
                {"name": "copies", "model": "epoll", "args": ["--processes", "2"]},
                {"name": "missing", "command": ["/no/such/program", "{port}"]}],
    "experiments": [
        {"name": "closed", "servers": ["*"], "workload": {"protocol": "echo", "payload_bytes": 64},
         "sweep": {"parameter": "connections", "values": [2]}, "aa": {"server": "epoll", "value": 2}},
        {"name": "idle", "servers": ["select", "epoll"], "workload": {"protocol": "echo", "connections": 2},
         "sweep": {"parameter": "idle_connections", "values": [0, 1500]}},
        # Options that both halves of a protocol must know: told to one alone, every reply would be wrong.
        {"name": "suffix", "servers": ["epoll"], "workload": {"protocol": "upper", "suffix": "!"},
         "sweep": {"parameter": "connections", "values": [2]}},
        {"name": "reply", "servers": ["epoll"], "workload": {"protocol": "goodbye", "reply": "so long"},
         "sweep": {"parameter": "connections", "values": [2]}},
        {"name": "reply-bytes", "servers": ["epoll"], "workload": {"protocol": "large"},
         "sweep": {"parameter": "reply_bytes", "values": [100]}}],
}


def readable_text(path):
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:  # it has ended, or belongs to somebody else
        return ""


class EndToEnd(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="fanin-end-to-end-")
        self.addCleanup(self.folder.cleanup)
        self.out = Path(self.folder.name) / "run"
        self.suite = Path(self.folder.name) / "tiny.json"
        self.suite.write_text(json.dumps(SUITE))

    def fanin(self, *arguments, **options):
        return subprocess.run([BINARIES / "fanin", *map(str, arguments)], capture_output=True, text=True, timeout=250, **options)

    def run_json(self):
        return json.loads((self.out / "run.json").read_text())

    def check_valid(self):
        files = [self.out / name for name in ("run.json", "rounds.jsonl", "suite.json")]
        check = subprocess.run([sys.executable, "-m", "plots.validate", *files], cwd=SOURCE, capture_output=True, text=True)
        self.assertEqual(check.returncode, 0, check.stderr)

    def test_a_run_is_complete_and_valid(self):
        done = self.fanin("run", self.suite, "--out", self.out)
        self.assertEqual(done.returncode, 1, done.stderr)  # because of the server that is not there
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
            if one["load"]:
                self.assertNotIn("mismatch", one["load"]["errors"], one["cell"])
                self.assertGreater(one["load"]["requests"]["completed"], 0, one["cell"])
            if one["cell"] == "closed/process/2" and one["status"] == "ok":
                self.assertEqual(one["server"]["processes"], 3)
            if one["cell"] == "closed/copies/2" and one["status"] == "ok":
                self.assertEqual(one["server"]["processes"], 3)  # the parent too, which serves nothing
        self.assertNotIn(str(BINARIES), (self.out / "run.json").read_text())  # no path of this machine
        again = self.fanin("compare", self.out / "run.json", self.out / "run.json")
        self.assertEqual(again.returncode, 0, again.stderr)
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
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
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
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
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
            experiment("bursts", "burst_size", 5, arrival="bursts", rate_per_s=1000),
            experiment("trace", "depth", 2, arrival="trace", trace="traces/times.txt"),
            {**experiment("ramp", "connections", 3, ramp={"from_per_s": 100, "to_per_s": 900}), "warmup": "20ms"},
            experiment("mix", "connecting", 1, mix=mix, wait="sleep")]}))
        done = self.fanin("run", self.suite.name, "--out", "run", cwd=folder)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        self.check_valid()
        run = self.run_json()
        self.assertEqual(len(run["rounds"]), 8)
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
        self.assertIn(resumed.returncode, (0, 1), resumed.stderr)
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

    def test_a_full_disk_keeps_finished_rounds(self):
        # The limit on the size of a file stands in for a full disk; it needs no mount and so no privilege.
        done = subprocess.run(["sh", "-c", 'trap "" XFSZ; ulimit -f 100; exec "$0" "$@"', BINARIES / "fanin", "run", self.suite, "--out",
                               self.out, "--only", "closed/epoll/*", "--repetitions", "40"], capture_output=True, text=True, timeout=250)
        self.assertEqual(done.returncode, 2, done.stderr)
        last = done.stderr.strip().splitlines()[-1]
        self.assertTrue(last.startswith("fanin: cannot write"), last)
        self.assertIn("finished rounds are kept", last)
        rounds = (self.out / "rounds.jsonl").read_text()
        self.assertTrue(rounds.endswith("\n"))
        self.assertGreater(len([json.loads(line) for line in rounds.splitlines()]), 0)

    # Would catch: trouble of the check itself recorded as the server's failure, and kept by --resume.
    def test_no_server_is_blamed_for_the_checks_own_trouble(self):
        arguments = ("run", self.suite, "--out", self.out, "--only", "closed/epoll/2", "--repetitions", "1")
        lacks = [self.fanin(*arguments, env={**os.environ, "TMPDIR": "/proc"}),
                 subprocess.run(["sh", "-c", 'ulimit -n 64; exec "$0" "$@"', BINARIES / "fanin", "run", "--resume", self.out],
                                capture_output=True, text=True, timeout=250)]
        for done, words in zip(lacks, ("set TMPDIR to", "ulimit -Hn 256")):
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertEqual([line for line in done.stderr.splitlines() if line.startswith("fanin: ") and words in line],
                             done.stderr.splitlines()[-1:])
            self.assertEqual(self.run_json()["conformance"], [])
        resumed = self.fanin("run", "--resume", self.out)
        self.assertEqual([each["status"] for each in self.run_json()["conformance"]], ["passed"], resumed.stderr)

    # The bug: with another program for fanin-load, every server failed the check.
    def test_a_program_that_is_no_generator_is_refused(self):
        for other in ("/bin/true", "/bin/false", "/bin/cat", BINARIES / "fanin-server"):
            done = self.fanin("run", self.suite, "--out", self.out, "--load-binary", other)
            self.assertEqual((done.returncode, done.stdout), (2, ""), other)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            self.assertIn(f"{other}: is no fanin-load", done.stderr)
        for option in ("--load-binary", "--server-binary"):
            done = self.fanin("run", self.suite, "--out", self.out, option, "/")
            self.assertEqual((done.returncode, done.stderr.count("there is no such program")), (2, 1), done.stderr)
        self.assertFalse(self.out.exists())

    # The bug: `fanin plot` became /bin/false, which says nothing.
    def test_a_program_that_is_no_python_is_refused(self):
        for other in ("/bin/false", "/bin/true", "/bin/echo", "/no/such/python"):
            done = self.fanin("plot", self.out, env={**os.environ, "FANIN_PYTHON": other})
            self.assertEqual((done.returncode, done.stdout), (2, ""), other)
            self.assertEqual(done.stderr, f"fanin: FANIN_PYTHON is {other}, which is no Python: name an interpreter: "
                             "FANIN_PYTHON=/path/to/python3\n")

    # Would catch: a server that failed the check once, failed for good.
    def test_a_server_that_failed_the_check_is_checked_again(self):
        program = Path(self.folder.name) / "server"
        self.suite.write_text(json.dumps({**SUITE, "repetitions": 1, "experiments": [
            {key: value for key, value in SUITE["experiments"][0].items() if key != "aa"}],
            "servers": [{"name": "late", "command": [str(program), "epoll", "--port", "{port}"]}]}))
        self.assertEqual(self.fanin("run", self.suite, "--out", self.out).returncode, 1)
        self.assertEqual(self.run_json()["conformance"][0]["status"], "failed")
        (self.out / "run.json").write_text(json.dumps({**self.run_json(), "complete": False}))  # as an interruption leaves it
        program.symlink_to(BINARIES / "fanin-server")
        resumed = self.fanin("run", "--resume", self.out)
        self.assertEqual([each["status"] for each in self.run_json()["conformance"]], ["passed"], resumed.stderr)
        self.check_valid()

    def test_a_disk_that_is_full_at_the_end_loses_nothing(self):
        # The bug: where run.json could not be written, not a word on how to go on. It is longer than the rounds alone.
        experiment = {"name": "few", "servers": ["epoll"], "workload": {"protocol": "echo", "requests": 12},
                      "sweep": {"parameter": "connections", "values": [1, 2]}}
        self.suite.write_text(json.dumps({**SUITE, "servers": SUITE["servers"][:1], "experiments": [experiment]}))
        done = subprocess.run(["sh", "-c", 'trap "" XFSZ; ulimit -f 48; exec "$0" "$@"', BINARIES / "fanin", "run", self.suite, "--out", self.out],
                              capture_output=True, text=True, timeout=250)
        self.assertEqual(done.returncode, 2, done.stderr)
        last = done.stderr.strip().splitlines()[-1]
        self.assertEqual(last, f"fanin: cannot write {self.out}/run.json: File too large: 4 finished rounds are kept; "
                               f"make room and go on with: fanin run --resume {self.out}")
        self.assertEqual(sorted(path.name for path in self.out.iterdir()), ["rounds.jsonl", "run.json", "suite.json"])
        resumed = self.fanin("run", "--resume", self.out)
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        self.check_valid()
        self.assertEqual(len(self.run_json()["rounds"]), 4)

    def test_bad_input_gets_one_line_and_code_2(self):
        broken = Path(self.folder.name) / "broken.json"
        broken.write_text('{"schema": "fanin-suite", "schema_version": 1')
        wrong = Path(self.folder.name) / "wrong.json"
        wrong.write_text(json.dumps({**SUITE, "schema_version": 9}))
        for arguments, words in (
                (("run",), "no suite is given"),
                (("run", "nosuch"), "there is no suite 'nosuch'"),
                (("run", broken), "line 1, column"),
                (("run", wrong), "/schema_version"),
                (("run", self.suite, "--only", "zzz"), "--only zzz"),
                (("run", self.suite, "--out", "/proc/nowhere"), "cannot write results to /proc/nowhere"),
                (("run", "--resume", "/no/such/run"), "/no/such/run/run.json"),
                (("run", self.suite, "--server-binary", "/no/server"), "/no/server"),
                (("compare", broken, broken), "line 1, column"),
                (("compare", self.suite, self.suite), "is no run"),
                (("compare", "/no/file", "/no/file"), "/no/file: No such file"),
                (("doctor", "--undo", "--fix"), "--fix excludes --undo"),
                (("doctor", "--connections", "0"), "--connections"),
                (("frobnicate",), "frobnicate")):
            done = self.fanin(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
            self.assertIn(words, done.stderr)
            self.assertTrue(done.stderr.startswith("fanin: "), done.stderr)

    # Would catch: a server, a suite or a file that drives the user's terminal, or fakes lines of the table.
    def test_what_comes_from_outside_does_nothing_to_the_terminal(self):
        evil = "\x1b[2J\r\n  epoll  valid\x9b\x07"
        suite = {**SUITE, "description": evil, "repetitions": 1, "servers": [
            {"name": "evil", "command": [sys.executable, "-c", f"import os; os.write(2, {evil.encode() + bytes([255])!r})", "{port}"]}],
            "experiments": [{"name": "closed", "title": evil, "servers": ["*"], "workload": {"protocol": "echo"},
                             "sweep": {"parameter": "connections", "values": [1]}}]}
        outputs = []
        self.suite.write_text(json.dumps(suite))
        done = self.fanin("run", self.suite, "--out", self.out, errors="surrogateescape")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("the server ended by itself: exit code 0:   epoll  valid", done.stdout)
        self.assertIn("\\x07\\xff", done.stderr)
        outputs.append(done)
        self.suite.write_text(json.dumps({**suite, evil: 1}))
        model = Path(self.folder.name) / "model.json"
        model.write_text(json.dumps({**suite, "servers": [{"name": "s", "model": evil * 500}]}))
        mix = Path(self.folder.name) / "mix.json"
        mix.write_text(json.dumps({**suite, "experiments": [{**suite["experiments"][0], "workload": {
            "protocol": "echo", "mix": [{"weight": 1, "name": evil}, {"weight": 1, "name": "b"}]}}]}))
        long = Path(self.folder.name) / "long.json"
        long.write_text(json.dumps({**suite, "name": "n" * 400}))
        for arguments in (("run", self.suite), ("run", model), ("run", mix), ("run", long), ("run", evil),
                          ("run", self.suite, "--only", evil), ("compare", evil, evil), (evil,), (f"--{evil}",)):
            done = self.fanin(*arguments, errors="surrogateescape")
            self.assertEqual(done.returncode, 2, arguments)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            self.assertLess(len(done.stderr), 1200)
            outputs.append(done)
        for done in outputs:
            text = done.stdout + done.stderr
            self.assertEqual([c for c in text if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160 or ord(c) >= 0xDC80)], [], text)
            self.assertNotIn("\n  epoll  valid", text)

    # Would catch: exit code 0 where nothing was printed, or a result that is lost because nobody can be told of it.
    def test_output_that_fails_is_said_and_loses_no_result(self):
        for arguments in (("list",), ("doctor", "--json"), ("env",), ("--help",), ("compare", "--help")):
            with open("/dev/full", "w") as full:
                done = subprocess.run([BINARIES / "fanin", *arguments], stdout=full, stderr=subprocess.PIPE, text=True)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertEqual(done.stderr, "fanin: cannot write to standard output: No space left on device\n")
        arguments = ["run", self.suite, "--out", self.out, "--only", "closed/epoll/2", "--repetitions", "1"]
        done = subprocess.run(["sh", "-c", 'exec "$0" "$@" >/dev/full 2>&-', BINARIES / "fanin", *arguments], timeout=250)
        self.assertEqual(done.returncode, 2)
        self.assertTrue(self.run_json()["complete"])
        self.check_valid()

    def test_list_and_env_answer(self):
        listing = self.fanin("list")
        self.assertEqual(listing.returncode, 0)
        for word in ("smoke", "standard", "full", "scale", "epoll"):
            self.assertIn(word, listing.stdout)
        cells = self.fanin("list", self.suite, "--only", "idle/*/0")
        self.assertEqual(cells.returncode, 0, cells.stderr)
        self.assertEqual([line.split()[0] for line in cells.stdout.splitlines() if line.startswith("  ")], ["idle/select/0", "idle/epoll/0"])
        self.assertIn("tiny: 2 cells, 4 rounds, about", cells.stdout)
        environment = json.loads(self.fanin("env", "--json").stdout)
        self.assertEqual(environment["kernel"]["release"], os.uname().release)
        self.assertEqual(len(environment["binaries"]["fanin-server_sha256"]), 64)

    def test_doctor_judges_this_machine(self):
        done = self.fanin("doctor", "--connections", 10, "--json")
        self.assertEqual(done.returncode, 0, done.stdout)
        report = Path(self.folder.name) / "doctor.json"
        report.write_text(done.stdout)
        check = subprocess.run([sys.executable, "-m", "plots.validate", report], cwd=SOURCE, capture_output=True, text=True)
        self.assertEqual(check.returncode, 0, check.stderr)
        self.assertGreaterEqual(json.loads(done.stdout)["most_connections"], 10)
        too_many = self.fanin("doctor", "--connections", 2 ** 31)
        self.assertEqual(too_many.returncode, 1, too_many.stdout)
        self.assertIn("They do not fit: at most", too_many.stdout)
        untouched = self.fanin("doctor", "--undo", env={**os.environ, "XDG_STATE_HOME": self.folder.name})
        self.assertEqual((untouched.returncode, untouched.stderr), (0, ""))
        self.assertIn("nothing to put back", untouched.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
