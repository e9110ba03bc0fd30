"""Live output: a line of JSON for every second, and the view on a terminal."""

import contextlib
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import tempfile
import termios
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from programs import LOAD, QUICK, load, server, test, without_warning
from plots.document import schema_findings


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
