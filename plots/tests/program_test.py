"""Tests of python3 -m plots as a program: files, exit codes, one line for bad input."""

import io
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from plots import __main__ as program
from plots.tests import fixture

ROOT = Path(__file__).resolve().parents[2]


class Program(unittest.TestCase):
    def run_program(self, *arguments):
        out, errors = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(errors):
            code = program.main([str(each) for each in arguments])
        return code, out.getvalue(), errors.getvalue()

    def test_prints_the_files_it_wrote(self):
        with tempfile.TemporaryDirectory() as directory:
            run = fixture.write_run(Path(directory), fixture.make_run(experiments=fixture.EXPERIMENTS[1:2], gaps={}))
            code, out, errors = self.run_program(run, "--out", run / "deep" / "charts")
            self.assertEqual((code, errors), (0, ""))
            names = [Path(line) for line in out.splitlines()]
            self.assertEqual(sorted(names), sorted((run / "deep" / "charts").iterdir()))
            stems = {path.stem for path in names}
            self.assertTrue({"active-idle-overview", "micro-wait", "micro-cost", "report"} <= stems)
            begins = {".png": b"\x89PNG", ".svg": b"<?xml", ".html": b"<!DOCTYPE html>"}
            for path in names:
                self.assertIn(begins[path.suffix], path.read_bytes()[:200], path)

    def test_bad_input_is_one_line_and_exit_code_2(self):
        with tempfile.TemporaryDirectory() as directory:
            here = Path(directory)
            self.assertEqual(self.run_program(here)[0], 2)
            run = fixture.write_run(here, fixture.make_run(experiments=fixture.EXPERIMENTS[2:], gaps={}), micro=False)
            (here / "file").write_text("x", encoding="utf-8")
            for arguments in (
                (run, "--out", here / "file"),
                (run, "--micro", here / "file"),
                (run, "--micro", here / "none"),
            ):
                code, _, errors = self.run_program(*arguments)
                self.assertEqual(code, 2)
                self.assertEqual(errors.count("\n"), 1, errors)

    # The bug: reading /dev/zero filled the memory, and a pipe without a writer blocked.
    def test_other_than_regular_files_are_refused(self):
        with tempfile.TemporaryDirectory() as directory:
            pipe = str(Path(directory) / "pipe")
            os.mkfifo(pipe)
            os.mkfifo(pipe + ".jsonl")
            for path in ("/dev/zero", pipe, pipe + ".jsonl"):
                command = [sys.executable, "-m", "plots.validate", path]
                done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
                self.assertEqual(done.returncode, 2, path)
                self.assertIn(f"cannot read {path}: it is no regular file: name one", done.stderr)
                self.assertEqual(self.run_program(path)[0], 2, path)

    def test_a_full_standard_output_is_named(self):
        with tempfile.TemporaryDirectory() as directory, open("/dev/full", "wb") as full:
            run = fixture.make_run(experiments=fixture.EXPERIMENTS[2:], gaps={})
            fixture.write_run(Path(directory), run, micro=False)
            command = [sys.executable, "-m", "plots", directory]
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, cwd=ROOT, check=False)
            said = b"plots: cannot write to standard output: No space left on device\n"
            self.assertEqual((done.returncode, done.stderr), (2, said))

    def test_a_full_disk_leaves_no_part_of_a_chart(self):
        # The bug: a truncated PNG remained when the disk was full. A limit on the file size takes the place of the disk.
        with tempfile.TemporaryDirectory() as directory:
            run = fixture.make_run(experiments=fixture.EXPERIMENTS[2:], gaps={})
            fixture.write_run(Path(directory), run, micro=False)
            for limit in ("128", "192"):  # of half a KiB: too few for a chart, and for the report
                command = ["sh", "-c", 'ulimit -f "$0"; exec "$@"', limit, sys.executable, "-m", "plots", directory]
                done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertRegex(done.stderr, "cannot write /.*: File too large: give another directory with --out\n$")
                written = sorted(str(path) for path in Path(directory, "charts").iterdir())
                self.assertEqual(written, sorted(done.stdout.split()))

    def test_an_interpreter_that_is_no_python_is_not_started(self):
        # The bug: FANIN_PYTHON=/bin/true drew nothing, silently and with exit code 0.
        code = "from plots import programs; programs.require_modules('no_such_module')"
        environment = {**os.environ, "FANIN_PYTHON": "/bin/true"}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT, check=False)
        self.assertEqual((done.returncode, done.stderr.count("has no no_such_module: ")), (2, 1), done.stderr)

    def test_every_program_ends_quietly_without_a_reader(self):
        # Would catch: "cannot write ...: give another directory with --out", of `python3 -m plots RUN | head -1`.
        with tempfile.TemporaryDirectory() as directory:
            run = fixture.make_run(experiments=fixture.EXPERIMENTS[2:], gaps={})
            fixture.write_run(Path(directory), run, micro=False)
            for command in (
                ("plots", directory),
                ("plots", "--help"),
                ("plots.validate", "--help"),
                ("plots.load_curve", "--help"),
                ("plots.publish", "--help"),
            ):
                reader, writer = os.pipe()
                os.close(reader)
                done = subprocess.run(
                    [sys.executable, "-m", *command], stdout=writer, stderr=subprocess.PIPE, cwd=ROOT, check=False
                )
                os.close(writer)
                self.assertEqual((done.returncode, done.stderr), (-signal.SIGPIPE, b""), command)


if __name__ == "__main__":
    unittest.main()
