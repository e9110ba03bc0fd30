"""Tests of python3 -m plots as a program, and of the report: complete, self-contained, all text escaped."""

import copy
import io
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from html.parser import HTMLParser
from pathlib import Path

from plots import __main__ as program, report, web_page
from plots.run_file import Run
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
                ("plots.publish", "--help"),
            ):
                reader, writer = os.pipe()
                os.close(reader)
                done = subprocess.run(
                    [sys.executable, "-m", *command], stdout=writer, stderr=subprocess.PIPE, cwd=ROOT, check=False
                )
                os.close(writer)
                self.assertEqual((done.returncode, done.stderr), (-signal.SIGPIPE, b""), command)


def written(document, pictures=()):
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / report.NAME
        report.write(Run(document, "run.json"), list(pictures), path)
        return path.read_text(encoding="utf-8")


class Outline(HTMLParser):
    """Checks that tags close in order, and collects the loads and the text of an HTML page."""

    VOID = {"meta", "img", "br"}

    def __init__(self, text):
        super().__init__()
        self.open, self.loads, self.words = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href", "srcset", "data")]
        if tag in ("script", "link", "iframe", "object"):
            self.loads.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        self.words.append(data)

    def text(self):
        return " ".join(" ".join(self.words).split())


class Report(unittest.TestCase):
    def setUp(self):
        self.run_ = fixture.make_run()
        self.picture = web_page.Picture("echo-closed-throughput", "throughput", b"<?xml?><svg/>", "echo-closed")

    def test_is_self_contained(self):
        # Would catch: a report that breaks when it is sent.
        outline = Outline(written(self.run_, [self.picture]))
        self.assertEqual(outline.open, [])
        self.assertEqual(len(outline.loads), 1)
        self.assertTrue(outline.loads[0].startswith("data:image/svg+xml;base64,"))
        self.assertNotRegex(written(self.run_), r"@import|url\(")

    def test_names_every_cell_without_a_result(self):
        text = Outline(written(self.run_)).text()
        for (experiment, server, value), (status, reason) in fixture.GAPS.items():
            self.assertIn(f"{experiment}/{server}/{value} {status} {reason}", text)
        self.assertIn("INCOMPLETE RUN", text)
        self.assertIn("3 of 39 cells are not supported here", text)
        self.assertIn("In 4 of 33 measured cells the load generator was the bottleneck", text)

    def test_says_that_the_machine_was_busy(self):
        """Would catch: a report about figures of a busy machine that only the marks of its charts give away."""
        self.assertNotIn("the machine was busy", Outline(written(self.run_)).text())
        rounds = [each for each in self.run_["rounds"] if each["load"]]
        reasons = [{"code": "busy-machine", "text": "in the window the server waited for a CPU 20 % of the time"}]
        rounds[0]["load"]["verdict"] = {"status": "warning", "reasons": reasons}
        text = Outline(written(self.run_)).text()
        self.assertIn(f"In 1 of {len(self.run_['rounds'])} rounds the machine was busy", text)

    def test_figures_are_the_summaries(self):
        # The cell of poll with the most idle connections.
        run = self.run_
        summary = next(
            each
            for each in run["summaries"]
            if each["cell"] == "active-idle/poll/10000" and each["metric"] == "throughput_per_s"
        )
        summary |= {"median": 123456.0, "low": 123000.0, "high": 124000.0}
        text = Outline(written(run)).text()
        self.assertRegex(text, r"poll 10,000 123k 123k to 124k")
        self.assertEqual(text.count("123k to 124k"), 1)

    def test_slopes_are_those_of_the_run(self):
        run = self.run_
        of_poll = [each for each in run["slopes"] if each["server"] == "poll"]
        of_poll[0] |= {"median": 5 * 1024, "low": 4 * 1024, "high": 6 * 1024}
        of_poll[1] |= {"median": -3.0, "low": -4.0, "high": 1.0}
        for each in run["slopes"]:
            if each["server"] == "select":
                each |= {"median": None, "low": None, "high": None, "coverage": None, "reason": "made up"}
        text = Outline(written(run)).text()
        self.assertIn("poll 5 KiB 4 KiB to 6 KiB -3 B -4 B to 1 B", text)
        self.assertIn("select none none none none none made up", text)
        self.assertEqual(text.count("Bytes per idle connection"), 1)  # one experiment sweeps them
        del run["slopes"]
        self.assertNotIn("Bytes per idle connection", Outline(written(run)).text())

    def test_ratios_are_those_of_the_run(self):
        """Would catch: a run with a baseline whose ratios are in no table."""
        self.assertNotIn("Differences from epoll", Outline(written(self.run_)).text())
        run = fixture.interleave(self.run_, "echo-closed", control=100)
        for cell, change in (
            ("poll/10", {"n": 6, "ratio": 0.876, "low": 0.861, "high": 1.002}),
            ("thread/10", {"n": 3, "ratio": 1.25, "low": None, "high": None, "coverage": None, "reason": "made up"}),
        ):
            for each in run["ratios"]:
                if each["cell"] == f"echo-closed/{cell}" and each["metric"] == "throughput_per_s":
                    each |= change
        text = Outline(written(run)).text()
        self.assertIn("poll 10 \u221212.4 % \u221213.9 % to +0.2 %, n = 6", text)
        self.assertIn("thread 10 +25.0 % made up, n = 3", text)
        self.assertIn("thread 1 none no block has both rounds with this value", text)
        self.assertIn("epoll (A/A control) 100", text)

    def test_one_round_has_no_interval(self):
        """The bug: an interval of no width, "79.7k (79.7k to 79.7k)", and "1 rounds per cell"."""
        run = fixture.make_run(gaps={})
        run["suite"]["repetitions"] = 1
        for each in run["summaries"] + run["slopes"]:
            if each["median"] is not None:
                each |= {"n": 1, "low": each["median"], "high": each["median"], "coverage": 0.0}
        page = written(run)
        text = Outline(page).text()
        self.assertIn("1 round per cell", text)
        self.assertIn("One round per cell: no figure has an interval.", text)
        self.assertNotRegex(text, r"\d( \S*)? to \d")
        self.assertIn('title="one round, no interval"', page)
        self.assertNotIn("the last line of a chart", text)

    def test_a_complete_run_has_no_alarm(self):
        text = Outline(written(fixture.make_run(gaps={}))).text()
        self.assertNotIn("INCOMPLETE", text)
        self.assertIn("Every cell was measured in every round.", text)

    def test_lost_rounds_of_measured_cells_are_listed(self):
        self.run_["rounds"].append(fixture.bad_round("echo-closed/epoll/10", 4, "failed", "signal 11"))
        self.assertIn("echo-closed/epoll/10 block 4 failed signal 11", Outline(written(self.run_)).text())

    def test_controls_are_shown_with_their_originals(self):
        run = fixture.make_run(gaps={})
        for kind in ("cells", "summaries"):
            for each in [each for each in run[kind] if each.get("id", each.get("cell")) == "echo-closed/epoll/100"]:
                control = copy.deepcopy(each)
                control["id" if kind == "cells" else "cell"] += "/aa"
                control |= {"role": "aa"} if kind == "cells" else {"median": control["median"] and control["median"] * 10}
                run[kind].append(control)
        text = Outline(written(run)).text()
        self.assertRegex(text, r"echo-closed/epoll/100 requests per second [\d.]+k \(.*?\) [\d.]+k \(")
        # the control is in no other table
        self.assertEqual(len(re.findall(r"epoll 100 ", text)), 3)

    def test_a_control_of_a_baseline_differs_by_its_ratio(self):
        """Would catch: drift between two medians that is called noise, although the ratio within a block excludes it."""
        run = fixture.interleave(fixture.make_run(gaps={}), "echo-closed", control=100)
        for each in run["ratios"]:
            if (each["cell"], each["metric"]) == ("echo-closed/epoll/100/aa", "throughput_per_s"):
                each |= {"ratio": 1.004, "low": 0.99, "high": 1.02}
        self.assertIn("+0.4 % (\u22121.0 % to +2.0 %)", Outline(written(run)).text())
        (row, *_) = report.controls(Run(run, "run.json"))
        self.assertAlmostEqual(row["apart"], 0.004)

    def test_texts_of_the_run_are_not_html(self):
        # Would catch: markup from the stderr of a server.
        self.run_["cells"][0] |= {"status": "failed", "reason": "<script>alert(1)</script> & more"}
        page = written(self.run_)
        self.assertNotIn("<script", page)
        self.assertIn("<script>alert(1)</script> & more", Outline(page).text())

    def test_changes_of_the_machine_are_shown(self):
        self.run_["environment"]["end"]["clocksource"] = "hpet"
        self.assertIn("clocksource tsc hpet", Outline(written(self.run_)).text())


if __name__ == "__main__":
    unittest.main()
