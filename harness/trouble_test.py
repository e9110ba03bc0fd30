"""What the programs say and keep when something is wrong: input, disks, output, other programs; and the lists and the doctor."""

import json
import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

from end_to_end import BINARIES, SOURCE, SUITE, EndToEnd


class Trouble(EndToEnd):
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

    # The bug: "cannot start fanin-load: No such file or directory: 5 finished rounds are kept".
    # A second bug: the run noticed between the move and the removal, and said that its rounds were kept.
    def test_a_run_whose_directory_is_moved_or_removed_says_so(self):
        process = subprocess.Popen([BINARIES / "fanin", "run", self.suite, "--out", self.out, "--only", "closed/epoll/2",
                                    "--repetitions", "1000"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in process.stderr:
            if line.strip().startswith("1/"):
                break
        moved = self.out.with_name("moved")
        self.out.rename(moved)  # at once, while files are written
        shutil.rmtree(moved)
        rest = process.stderr.read()
        process.stderr.close()
        self.assertEqual(process.wait(timeout=250), 2, rest)
        self.assertRegex(rest.splitlines()[-1], 
                         f"^fanin: {self.out} was moved or removed during the run, and with it [0-9]+ finished rounds: move it "
                         f"back and go on with: fanin run --resume {self.out}; or start again$")

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
        self.assertEqual(self.fanin("run", self.suite, "--out", self.out).returncode, 5)
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
        self.check_exit_code(resumed)
        self.check_valid()
        self.assertEqual(len(self.run_json()["rounds"]), 4)

    def test_bad_input_gets_one_line_and_code_2(self):
        broken = Path(self.folder.name) / "broken.json"
        broken.write_text('{"schema": "fanin-suite", "schema_version": 2')
        wrong = Path(self.folder.name) / "wrong.json"
        wrong.write_text(json.dumps({**SUITE, "schema_version": 9}))
        # The bug: arguments that a program refuses were found when servers before it had been measured.
        refused = Path(self.folder.name) / "refused.json"
        refused.write_text(json.dumps({**SUITE, "servers": [
            {**SUITE["servers"][0], "args": ["--read-cap", "0"]}, *SUITE["servers"][1:]]}))
        unplanned = Path(self.folder.name) / "unplanned.json"
        unplanned.write_text(json.dumps({**SUITE, "experiments": [
            {"name": "raw", "servers": ["epoll"], "sweep": {"parameter": "connections", "values": [1]},
             "workload": {"protocol": "raw", "request": "a", "reply_pattern": "b$"}}]}))
        for arguments, words in (
                (("run",), "no suite is given"),
                (("run", "nosuch"), "there is no suite 'nosuch': 'fanin list' shows them"),
                (("run", "smok"), "there is no suite 'smok': did you mean smoke?"),
                (("run", broken), "line 1, column"),
                (("run", wrong), "/schema_version"),
                (("run", self.suite, "--only", "zzz"), "--only zzz"),
                (("run", self.suite, "--out", "/proc/nowhere"), "cannot write results to /proc/nowhere"),
                (("run", refused), "/servers/0/args (experiment '"),
                (("list", refused), "--read-cap 0 is out of range: give 1 to 16777216"),
                (("run", unplanned), "/experiments/0/workload (connections 1): fanin-load: "),
                (("run", "--resume", "/no/such/run"), "/no/such/run/run.json"),
                (("run", self.suite, "--server-binary", "/no/server"), "/no/server"),
                (("compare", broken, broken), "line 1, column"),
                (("compare", self.suite, self.suite), "is no run"),
                (("compare", "/no/file", "/no/file"), "/no/file: No such file"),
                (("compare", self.suite), "two sides are needed"),
                (("compare", "a", "b", "c"), "two sides are needed"),
                (("ab", "epoll", "epoll --read-cap 0"), "--read-cap 0 is out of range"),
                (("ab", "epoll --read-cupp 9", "epoll"), "there is no option --read-cupp"),
                (("ab", "--", "--read-cap 4096", "--read-cap 0"), "--read-cap 0 is out of range"),
                (("ab", "epoll --read-cap", "epoll"), "--read-cap has no value"),
                (("ab", "epoll", "epoll --port 7000"), "--port: fanin chooses the port: leave it out"),
                (("ab", "epol", "epoll"), "'epol' is no side of a comparison: did you mean epoll?"),
                (("ab", self.suite, "epoll"), "is a suite: give it with --suite"),
                (("ab", "epoll", "poll", "--budget", "1ms"), "--budget 1ms: must be at least 1s"),
                (("ab", "epoll", "poll", "--band", "5"), "--band 5: a bare number is a share, such as 0.02: write 5% for percent"),
                (("ab", "epoll", "poll", "--json", "/no/folder/x.json"), "/no/folder/x.json: No such file or directory: give another file with --json"),
                (("ab", "epoll", "poll", "--suite", self.suite, "--json", self.suite), "would replace the input"),
                (("claims", "--only", "K3", "--json", "/no/folder/x.json"), "give another file with --json"),
                (("compare", Path(self.folder.name), "b"), "holds no run"),
                (("compare", "a", "b", "--vary", "weather"), "--vary weather is unknown: choose one of cpu"),
                (("doctor", "--undo", "--fix"), "--fix and --undo contradict each other: give one"),
                (("doctor", "--connections", "0"), "--connections 0 is out of range: give 1 to 2147483648"),
                (("--bogus",), "there is no option --bogus"),
                (("run", self.suite, "--out", ""), "--out is empty: give a value, or leave it out"),
                (("help", "rum"), "there is no command 'rum': did you mean run?"),
                (("frobnicate",), "there is no command 'frobnicate': choose one of run, ")):
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
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("the server ended by itself: exit code 0: epoll valid", " ".join(done.stdout.split()))
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

    # The bugs: help named the library's type TEXT in place of a value; one line of help had all formats of export.
    def test_help_names_the_kinds_of_values(self):
        for command in json.loads(self.fanin("--help-json").stdout)["commands"]:
            self.assertEqual([each["names"] for each in command["options"] if "TEXT" in each["type"]], [], command["name"])
        self.assertRegex(self.fanin("help", "export").stdout, r"(?m)^  csv +one line per cell and metric$")

    def test_doctor_judges_this_machine(self):
        done = self.fanin("doctor", "--connections", 10, "--json")
        self.assertEqual(done.returncode, 0, done.stdout)
        report = Path(self.folder.name) / "doctor.json"
        report.write_text(done.stdout)
        check = subprocess.run([sys.executable, "-m", "plots.validate", report], cwd=SOURCE, capture_output=True, text=True)
        self.assertEqual(check.returncode, 0, check.stderr)
        self.assertGreaterEqual(json.loads(done.stdout)["max_connections"], 10)
        too_many = self.fanin("doctor", "--connections", 2 ** 31)
        self.assertEqual(too_many.returncode, 1, too_many.stdout)
        self.assertIn("They do not fit: at most", too_many.stdout)
        untouched = self.fanin("doctor", "--undo", env={**os.environ, "XDG_STATE_HOME": self.folder.name})
        self.assertEqual((untouched.returncode, untouched.stderr), (0, ""))
        self.assertIn("nothing to put back", untouched.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
