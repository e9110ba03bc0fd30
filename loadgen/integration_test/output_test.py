"""Output files, events for the monitor of a run, and live output."""

import contextlib
import fcntl
import json
import os
import pty
import re
import resource
import signal
import socket
import struct
import subprocess
import tempfile
import termios
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from programs import LOAD, QUICK, SERVER, Accounts, generator, load, server, test, without_warning
from plots.document import schema_findings


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


def lines_and_result(driver):
    """The live lines of a run of two seconds and a bit, and its result."""
    with server() as (target, _), tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "live.jsonl")
        done = load(target, "--duration", "2200ms", "--warmup", "1100ms", "--driver", driver, "--think-time", "0", "--quiet",
                    "--live-json", str(path), "--json", "-")
        return [json.loads(line) for line in path.read_text().splitlines()], json.loads(done.stdout)


class Lines(unittest.TestCase):
    def test_a_line_for_every_second(self):
        """Lines come one by one, fit their schema and add up to the result; would catch a second that is lost."""
        drivers = ("auto", "epoll", "threads")
        with ThreadPoolExecutor() as at_once:  # no figure is looked at that the others could disturb
            runs = list(at_once.map(lines_and_result, drivers))
        for driver, (lines, result) in zip(drivers, runs):
            with self.subTest(driver):
                for line in lines:
                    self.assertEqual(schema_findings(line, "fanin-load-live"), [])
                window = [line for line in lines if line["phase"] == "window"]
                self.assertEqual([line["second"] for line in window], [0, 1, 2])
                for key in ("completed", "p99_ns"):
                    self.assertEqual([line[key] for line in window], [each[key] for each in result["series"]])
                self.assertEqual(sum(line["completed"] for line in window), result["requests"]["completed"])
                self.assertEqual(window[0]["connections_up"], result["connections"]["established"])
                self.assertIn("warmup", {line["phase"] for line in lines})

    def test_live_lines_of_several_runs_and_on_standard_output(self):
        with server() as (target, _):
            done = load(target, *QUICK, "--sweep", "pipeline=1,2", "--live-json", "-")
            self.assertEqual([json.loads(line)["run"] for line in done.stdout.splitlines()], [1, 2])
            self.assertIn("pipeline", done.stderr)
        done = load("127.0.0.1:1", "--json", "-", "--live-json", "-")
        self.assertEqual(done.returncode, 2)
        self.assertIn("give one of them a file", done.stderr)
        done = load("127.0.0.1:1", "--live-json", "/nowhere/live")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertIn("/nowhere/live", done.stderr)

    def test_live_lines_that_cannot_be_written_do_not_end_the_run(self):
        with server() as (target, _):
            done = load(target, *QUICK, "--live-json", "/dev/full")
        self.assertEqual(done.returncode, 0)
        self.assertIn("throughput", done.stdout)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertIn("No space left on device", done.stderr)


def on_a_terminal(arguments, columns=100, **environment):
    """What fanin-load writes to a terminal of so many columns, its standard error, and to its standard output."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen([LOAD, *arguments], stdout=subprocess.PIPE, stderr=theirs,
                               env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", **environment})
    os.close(theirs)
    written = b""
    with contextlib.suppress(OSError):  # the terminal is gone when the process is
        while piece := os.read(ours, 65536):
            written += piece
    os.close(ours)
    output, _ = process.communicate(timeout=60)
    return without_warning(written.decode()), output.decode()


def left_on(written):
    """The lines that a terminal shows in the end, for the few sequences that are used."""
    lines, row = [""], 0
    for text, sequence in re.findall(r"([^\x1b\r\n]+)|(\x1b\[\d*[AJKm]|\r|\n)", written):
        if sequence == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif sequence.endswith("A"):
            row -= int(sequence[2:-1])
        elif sequence.endswith("J"):
            lines[row:] = [""]
        elif text:
            lines[row] = text
    return [line for line in lines if line]


class Terminal(unittest.TestCase):
    """The live view is there while a run goes on, and leaves nothing behind."""

    def test_a_view_that_leaves_nothing_but_the_summary(self):
        with server() as (target, _):
            written, output = on_a_terminal([target, "--duration", "1600ms", "--warmup", "300ms"])
        for part in ("warm-up", "window", "rate", "p99", "in the last second", "10 of 10 up", "\u2588"):
            self.assertIn(part, written)
        self.assertEqual(left_on(written), [])
        self.assertIn("throughput", output)
        self.assertNotIn("\x1b", output)

    def test_it_fits_a_narrow_terminal(self):
        with server() as (target, _):
            written, _ = on_a_terminal([target, "--duration", "700ms", "--warmup", "0"], columns=30, LC_ALL="C")
        lines = re.sub(r"\x1b\[\d*[AJKm]", "", written).replace("\r", "").split("\n")
        self.assertIn("window", written)
        self.assertLessEqual(max(map(len, lines)), 29)
        self.assertTrue(written.isascii())

    def test_where_there_is_none(self):
        with server() as (target, _):
            for options, environment in (["--quiet"], {}), ([], {"TERM": "dumb"}):
                with self.subTest(options=options, environment=environment):
                    arguments = [target, "--duration", "500ms", "--warmup", "0", *options]
                    written, _ = on_a_terminal(arguments, **environment)
                    self.assertEqual(written, "")

    def test_a_sweep_says_which_run_it_is(self):
        with server() as (target, _):
            written, output = on_a_terminal([target, "--duration", "500ms", "--warmup", "0", "--sweep", "pipeline=1,2"])
        self.assertIn("2 of 2: pipeline 2", written)
        self.assertEqual(left_on(written), [])
        self.assertEqual(len(output.split("\n\n")[0].splitlines()), 3)


if __name__ == "__main__":
    test()
