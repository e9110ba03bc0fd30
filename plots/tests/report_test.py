"""Tests of the report: it is complete and self-contained, and escapes all text of the run."""

import copy
import re
import tempfile
import unittest
from html.parser import HTMLParser
from pathlib import Path

from plots import report
from plots.run_file import Run
from plots.tests import fixture


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
        self.picture = report.Picture("echo-closed-throughput", "throughput", b"<?xml?><svg/>", "echo-closed")

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
        of_poll[0] |= {"median": 5000, "low": 4000, "high": 6000}
        of_poll[1] |= {"median": -3.0, "low": -4.0, "high": 1.0}
        for each in run["slopes"]:
            if each["server"] == "select":
                each |= {"median": None, "low": None, "high": None, "coverage": None, "reason": "made up"}
        text = Outline(written(run)).text()
        self.assertIn("poll 5 kB 4 kB to 6 kB -3 B -4 B to 1 B", text)
        self.assertIn("select none none none none none made up", text)
        self.assertEqual(text.count("Bytes per idle connection"), 1)  # one experiment sweeps them
        del run["slopes"]
        self.assertNotIn("Bytes per idle connection", Outline(written(run)).text())

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
