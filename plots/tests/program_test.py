"""Tests of python3 -m plots as a program: the files it writes, its exit codes, its one line for bad input."""

import io
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from plots import __main__ as program
from plots.tests import fixture


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


if __name__ == "__main__":
    unittest.main()
