"""Tests of what a run becomes in the README: figures of the run and nothing else."""

import gzip
import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from plots import publish, result_section, ticks
from plots.document import InputError
from plots.run_file import Run, load_run
from plots.tests import fixture

README = f"# before\n\n{publish.BEGIN}\nold figures\n{publish.END}\n\nafter\n"


def finished_run():
    gaps = {cell: gap for cell, gap in fixture.GAPS.items() if gap[0] != "pending"}
    experiments = [each for each in fixture.EXPERIMENTS if each[0] == "active-idle"]
    return fixture.make_run([(name, name) for name in experiments[0][2]], experiments, gaps)


class Publish(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.top = Path(scratch.name)
        (self.top / "README.md").write_text(README, encoding="utf-8")
        self.run_ = finished_run()

    def publish(self):
        (self.top / "run").mkdir(exist_ok=True)
        fixture.write_run(self.top / "run", self.run_, micro=False)
        with mock.patch.object(publish, "_draw", return_value=["active-idle-overview.png"]):
            publish.publish(self.top / "run", top=self.top)
        return (self.top / "README.md").read_text(encoding="utf-8")

    def test_replaces_what_is_between_the_markers_and_keeps_the_rest(self):
        text = self.publish()
        self.assertTrue(text.startswith(f"# before\n\n{publish.BEGIN}\n"))
        self.assertTrue(text.endswith(f"{publish.END}\n\nafter\n"))
        self.assertNotIn("old figures", text)
        self.assertIn("![active-idle-overview](results/reference/charts/active-idle-overview.png)", text)

    def test_the_reference_is_the_run_itself(self):
        self.publish()
        document = json.loads(gzip.decompress((self.top / "results/reference/run.json.gz").read_bytes()))
        self.assertEqual(document, self.run_)
        self.assertEqual(load_run(self.top / "results/reference").document, self.run_)

    def test_peers_are_copied_and_shown(self):
        rows = [
            {"name": "least", "cpu_us_per_request": 2.0, "rounds": [2.0]},
            {"name": "mine", "cpu_us_per_request": 2.1, "rounds": [2.1]},
        ]
        ratio = {"name": "mine", "baseline": "least", "median": 1.05, "low": 1.01, "high": 1.09, "coverage": 0.97}
        peers = {"schema": "fanin-peers", "schema_version": 2, "kind": "server-echo", "title": "echo", "kernel": "6"}
        peers |= {"connections": 50, "seconds": 2, "rows": rows, "ratios": [ratio], "served": None}
        peers |= {"skipped": [{"name": "hey", "reason": "not installed"}]}
        (self.top / "run" / "peers").mkdir(parents=True)
        (self.top / "run" / "peers" / "echo.json").write_text(json.dumps(peers), encoding="utf-8")
        text = self.publish()
        self.assertIn("| echo | `mine` 2.10 \u00b5s | to `least` 2.00 \u00b5s: 1.050 (1.010 to 1.090) |", text)
        self.assertIn("Left out: `hey` (not installed).", text)
        self.assertEqual(json.loads((self.top / "results/reference/peers/echo.json").read_text()), peers)

    def test_what_does_not_hold_is_shown_as_such(self):
        figure = {"name": "p99 at 2,000/s", "unit": "ms", "expected": 90.2, "low": 87.5, "high": 92.9}
        good, bad = figure | {"measured": 90.7, "holds": True}, figure | {"measured": None, "holds": False}
        once = figure | {
            "name": "words",
            "unit": "count",
            "measured": 1,
            "expected": None,
            "low": 1,
            "high": None,
            "holds": True,
        }
        truth = {"schema": "fanin-truth", "schema_version": 1, "kind": "stall", "title": "stalls", "kernel": "6"}
        truth |= {"driver": "epoll", "seconds": 10, "figures": [good, bad, once], "notes": ["the machine stalled"]}
        (self.top / "run" / "peers").mkdir(parents=True)
        (self.top / "run" / "peers" / "stall.json").write_text(json.dumps(truth), encoding="utf-8")
        text = self.publish()
        self.assertIn("| p99 at 2,000/s | 90.7 ms | 90.2 ms | 87.5 to 92.9 ms | holds |", text)
        self.assertIn("| p99 at 2,000/s | \u2014 | 90.2 ms | 87.5 to 92.9 ms | **no** |", text)
        self.assertIn("| words | 1 | \u2014 | at least 1 | holds |", text)
        self.assertIn("- the machine stalled", text)

    def test_twice_is_the_same(self):
        self.assertEqual(self.publish(), self.publish())

    def test_every_sentence_comes_from_the_summaries(self):
        run = Run(self.run_, "run.json")
        text = result_section.section(run, [])
        experiment = next(each for each in run.experiments if each.parameter == "idle_connections")
        ends = [
            run.summary(run.cell(experiment, "epoll", value), "throughput_per_s")["median"]
            for value in (experiment.values[0], experiment.values[-1])
        ]
        # A range of the quotient of two intervals is no interval of anything: only the medians' share may stand here.
        self.assertRegex(text, rf"(?m): {100 * ends[1] / ends[0]:.0f} % of it$")

    def test_every_median_has_its_own_interval(self):
        run = Run(self.run_, "run.json")
        experiment = next(each for each in run.experiments if each.parameter == "idle_connections")
        summary = run.summary(run.cell(experiment, "epoll", 0), "throughput_per_s")
        low, median, high = (ticks.count(summary[key]) for key in ("low", "median", "high"))
        self.assertIn(f"`epoll`: {median}/s ({low} to {high}) with 0 idle", result_section.section(run, []))

    def test_twins_show_what_two_identical_servers_differed_by(self):
        original = next(each for each in self.run_["cells"] if each["id"] == "active-idle/epoll/100")
        twin = original | {"id": original["id"] + "/aa", "role": "aa"}
        self.run_["cells"].append(twin)
        summary = next(
            each
            for each in self.run_["summaries"]
            if (each["cell"], each["metric"]) == (original["id"], "throughput_per_s")
        )
        self.run_["summaries"].append(summary | {"cell": twin["id"], "median": summary["median"] * 0.9})
        lines = result_section.section(Run(self.run_, "run.json"), []).splitlines()
        (row,) = (line for line in lines if line.startswith("| `active-idle/epoll/100`, requests/s |"))
        self.assertIn(f"| {ticks.count(summary['median'])} (", row)
        self.assertTrue(row.endswith("| 10 % |"), row)

    def test_the_reference_itself_can_be_published_again(self):
        # It used to be deleted before it was read.
        first = self.publish()
        with mock.patch.object(publish, "_draw", return_value=["active-idle-overview.png"]):
            publish.publish(self.top / "results/reference", top=self.top)
        self.assertEqual((self.top / "README.md").read_text(encoding="utf-8"), first)
        self.assertEqual(load_run(self.top / "results/reference").document, self.run_)

    def test_a_run_that_nobody_can_repeat_is_refused(self):
        for change in (
            lambda run: run.update(complete=False),
            lambda run: run["environment"]["start"]["build"].update(git_dirty=True),
        ):
            self.run_ = finished_run()
            change(self.run_)
            with self.assertRaises(InputError):
                self.publish()
        self.assertEqual((self.top / "README.md").read_text(encoding="utf-8"), README)

    def test_a_readme_without_its_place_is_refused(self):
        (self.top / "README.md").write_text("# nothing\n", encoding="utf-8")
        with self.assertRaises(InputError):
            self.publish()


if __name__ == "__main__":
    unittest.main()
