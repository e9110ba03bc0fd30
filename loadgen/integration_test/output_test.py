"""Output files, and the events for the monitor of a run."""

import json
import os
import resource
import signal
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

from programs import LOAD, QUICK, SERVER, Accounts, generator, load, server, test


class Control(unittest.TestCase):
    """The monitor learns the borders of the window and finds the connections still up."""

    def test_events_and_hold(self):
        with server() as (target, process):
            ours, theirs = socket.socketpair()
            watched = subprocess.Popen(
                [LOAD, target, *QUICK, "-c", "7", "--idle-connections", "3", "--quiet", "--control", str(theirs.fileno())],
                pass_fds=[theirs.fileno()])
            theirs.close()
            with ours, ours.makefile() as events:
                lines = [json.loads(events.readline()) for _ in range(3)]
                self.assertEqual([line["event"] for line in lines], ["established", "window_open", "window_close"])
                self.assertEqual(lines[0]["connections"], 7)
                held = [name for name in Path(f"/proc/{process.pid}/fd").iterdir() if "socket" in os.readlink(name)]
                self.assertGreaterEqual(len(held), 10)
                self.assertIsNone(watched.poll())
                ours.sendall(b"\n")
                self.assertEqual(watched.wait(timeout=60), 0)


class Output(Accounts):
    def test_summary_and_json_do_not_mix(self):
        with server() as (target, _):
            done = load(target, *QUICK, "--json", "-")
            self.assertEqual(json.loads(done.stdout)["schema"], "fanin-load")
            self.assertIn("throughput", done.stderr)
            done = load(target, *QUICK)
        self.assertIn("throughput", done.stdout)
        self.assertEqual(done.stderr, "")

    def test_an_interrupt_gives_the_result_so_far(self):
        with server() as (target, _):
            with generator(target, "--duration", "1000s") as process:
                process.send_signal(signal.SIGINT)
        self.assertEqual(process.returncode, 130)
        self.check(process.result)
        self.assertLess(process.result["window"]["duration_ns"], 100e9)

    def test_every_signal_that_ends_a_session_keeps_the_finished_points(self):
        """Would catch: a sweep whose finished points are lost, and a file X.tmp left, when the terminal goes."""
        for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            with self.subTest(sent), server() as (target, _), tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "result.json")
                with subprocess.Popen(
                        [LOAD, target, "--sweep", "think-time=0,1h", "--requests", "5", "--warmup", "0", "-c", "1", "--json",
                         str(path)], stdout=subprocess.PIPE, text=True) as process:
                    # The heading and the row of the first point; the second one thinks.
                    lines = [process.stdout.readline() for _ in range(2)]
                    process.send_signal(sent)
                    self.assertEqual(process.wait(timeout=60), 130, lines)
                self.assertEqual(os.listdir(folder), ["result.json"])
                result = json.loads(path.read_text())
                self.assertTrue(result["interrupted"])
                self.assertEqual(result["points"][0]["result"]["requests"]["completed"], 5)

    def test_a_result_and_its_live_lines_do_not_share_a_file(self):
        """Would catch: live lines that the result replaces."""
        with tempfile.TemporaryDirectory() as folder, server() as (target, _):
            path = f"{folder}/result.json"
            os.symlink(path, f"{folder}/link")
            for other in (path, f"{folder}/../{Path(folder).name}/result.json", f"{folder}/link"):
                with self.subTest(other):
                    done = load(target, *QUICK, "--json", path, "--live-json", other)
                    self.assertEqual(done.returncode, 2)
                    self.assertRegex(done.stderr, "\\Afanin-load: .* are one file: give each its own\n\\Z")
            Path(path).write_text("as before")
            self.assertEqual(load(target, *QUICK, "--live-json", path, "-c", "0").returncode, 2)
            self.assertEqual(Path(path).read_text(), "as before")

    def test_a_result_does_not_replace_what_is_printed(self):
        """Would catch: --json F >F, where the summary is lost."""
        with tempfile.TemporaryDirectory() as folder, server() as (target, _):
            path = f"{folder}/result.json"
            for command in ([LOAD, target, *QUICK], [LOAD, "calibrate"]):
                done = redirected([*command, "--json", path], f">{path}")
                self.assertEqual(done.returncode, 2)
                self.assertRegex(done.stderr, "\\Afanin-load: --json .* is standard output, where the summary goes: .*\n")
            done = redirected([LOAD, target, *QUICK, "--quiet", "--json", path], f">{path}")
            self.assertEqual(done.returncode, 0)
            self.check(json.loads(Path(path).read_text()))

    def test_a_pipe_without_a_reader_is_refused(self):
        """Would catch: a hang in open(), from which only SIGKILL helped."""
        with tempfile.TemporaryDirectory() as folder:
            os.mkfifo(f"{folder}/fifo")
            for option in ("--json", "--live-json"):
                for path, said in ((f"{folder}/fifo", "no process reads from it"), ("/dev/zero", "it is a device")):
                    with self.subTest(option=option, path=path):
                        done = load("127.0.0.1:1", *QUICK, option, path)
                        self.assertEqual(done.returncode, 2)
                        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                        self.assertIn(said, done.stderr)

    def test_a_result_that_cannot_be_written(self):
        def no_file_may_grow():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

        with server() as (target, _), tempfile.TemporaryDirectory() as folder:
            done = load(target, *QUICK, "--quiet", "--json", f"{folder}/none/result.json")
            self.assertEqual(done.returncode, 2)
            self.assertEqual(done.stderr.count("\n"), 1)
            self.assertIn(f"{folder}/none/result.json: No such file or directory", done.stderr)
            path = Path(folder, "result.json")
            path.write_text("as before")
            done = load(target, *QUICK, "--quiet", "--json", str(path), preexec_fn=no_file_may_grow)
            self.assertEqual(done.returncode, 2)
            self.assertEqual(path.read_text(), "as before")
            self.assertEqual(os.listdir(folder), ["result.json"])


def redirected(command, redirection):
    """Runs a program with the shell's redirection of one of its streams; the other ones are captured."""
    return subprocess.run(["sh", "-c", f'exec "$@" {redirection}', "sh", *command], capture_output=True, text=True,
                          timeout=60)


class Build(Accounts):
    def test_the_version_says_of_which_sources(self):
        """Would catch: 0.1.0 as the answer to which program a figure is of."""
        for program in (LOAD, SERVER):
            done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0)
            self.assertRegex(done.stdout, r"\Afanin-(load|server) [0-9.]+, commit ([0-9a-f]{10}|unknown)")
            self.assertIn("liburing", done.stdout)

    def test_a_build_that_is_slower_says_so(self):
        with server() as (target, _):
            for quiet in ([], ["--quiet"]):
                done = subprocess.run([LOAD, target, *QUICK, *quiet, "--json", "-"], capture_output=True, text=True,
                                      timeout=60)
                result = json.loads(done.stdout)
                self.check(result)
                warned = result["build"]["warning"] is not None and not quiet
                self.assertEqual("this program was built" in done.stderr, warned)


class StandardStreams(Accounts):
    """Would catch: exit code 0 where a full disk took nothing, and SIGABRT without a result where the terminal is gone."""

    def test_standard_output_that_takes_nothing_is_an_error(self):
        for command in ([LOAD, "--help"], [LOAD, "--version"], [LOAD, "calibrate", "--help"], [SERVER, "--help"],
                        [SERVER, "list"], [SERVER, "epoll", "--port", "0"]):
            for redirection in (">/dev/full", ">&-"):
                with self.subTest(command=command[1:], redirection=redirection):
                    done = redirected(command, redirection)
                    self.assertEqual(done.returncode, 2)
                    self.assertRegex(done.stderr, r"\A[a-z-]+: cannot write to standard output: .+\n\Z")

    def test_a_summary_that_cannot_be_printed_loses_no_result(self):
        with server() as (target, _), tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "result.json")
            for redirection, code in ((">/dev/full", 2), (">&-", 2), ("2>/dev/full", 0), ("2>&-", 0)):
                for experiment in ([], ["--sweep", "pipeline=1,2"]):
                    with self.subTest(redirection=redirection, experiment=experiment):
                        done = redirected([LOAD, target, *QUICK, *experiment, "--json", str(path)], redirection)
                        self.assertEqual(done.returncode, code, done.stderr)
                        self.assertIn("fanin-load", json.loads(path.read_text())["schema"])
                        path.unlink()

    def test_a_reader_that_has_gone_is_no_fault(self):
        """Would catch: --json - | head with exit code 2, and live lines whose reader has gone with 0."""
        with server() as (target, _):
            for option in ("--json", "--live-json"):
                with self.subTest(option):
                    reader, writer = os.pipe()
                    os.close(reader)
                    done = subprocess.run([LOAD, target, "--duration", "1100ms", "--warmup", "0", "--quiet", option, "-"],
                                          stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60)
                    os.close(writer)
                    self.assertEqual((done.returncode, done.stderr), (141, ""))

    def test_an_error_that_cannot_be_printed_has_its_exit_code(self):
        for redirection in ("2>/dev/full", "2>&-"):
            self.assertEqual(redirected([LOAD, "127.0.0.1"], redirection).returncode, 2)


if __name__ == "__main__":
    test()
