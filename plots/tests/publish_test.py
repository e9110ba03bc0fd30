"""Tests of the generated parts of the README and docs/results.md."""

import gzip
import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from plots import programs, publish, results_page, tables, ticks
from plots.json_file import InputError, read_json
from plots.run_file import Run, load_run
from plots.tests import fixture
from plots.tests.fixture_parts import comparison_document

PARTS = {name: tables.markers(name) for name in ("chart", "findings")}
README = "# before\n\n" + "\nbetween\n".join(f"{a}\nold figures\n{b}" for a, b in PARTS.values()) + "\n\nafter\n"


def finished_run():
    gaps = {cell: gap for cell, gap in fixture.GAPS.items() if gap[0] != "pending"}
    experiments = [each for each in fixture.EXPERIMENTS if each[0] == "active-idle"]
    return fixture.make_run([(name, name) for name in experiments[0][2]], experiments, gaps)


def publish_finished_run(top, readme):
    """Publishes a run without charts into `top`, whose README has `readme` before the parts of a run."""
    parts = "".join("{}\n{}\n".format(*markers) for markers in PARTS.values())
    (top / "README.md").write_text(readme + parts, encoding="utf-8")
    (top / "run").mkdir()
    fixture.write_run(top / "run", finished_run(), micro=False)
    with mock.patch.object(publish, "_draw", return_value=[]):
        publish.publish(top / "run", top=top)


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
        self.assertTrue(text.startswith(f"# before\n\n{PARTS['chart'][0]}\n"))
        self.assertIn(f"{PARTS['chart'][1]}\nbetween\n{PARTS['findings'][0]}\n", text)
        self.assertTrue(text.endswith(f"{PARTS['findings'][1]}\n\nafter\n"))
        self.assertNotIn("old figures", text)
        self.assertIn("](results/reference/charts/active-idle-overview.png)", text)

    def test_the_reference_is_the_run_itself(self):
        self.publish()
        document = json.loads(gzip.decompress((self.top / "results/reference/run.json.gz").read_bytes()))
        self.assertEqual(document, self.run_)
        self.assertEqual(load_run(self.top / "results/reference").document, self.run_)

    def publish_with(self, *documents):
        (self.top / "run" / "comparisons").mkdir(parents=True)
        for number, document in enumerate(documents):
            path = self.top / "run" / "comparisons" / f"{number}.json"
            path.write_text(json.dumps(document), encoding="utf-8")
        text = self.publish()
        return text, self.page()

    def page(self):
        return (self.top / results_page.PAGE).read_text(encoding="utf-8")

    def test_comparisons_are_copied_and_shown(self):
        echo = comparison_document(skipped=[{"name": "hey", "reason": "not installed"}])
        text, page = self.publish_with(echo)
        self.assertIn("](docs/results.md)", text)
        self.assertIn("Not measured: `hey` (not installed).", page)
        self.assertEqual(json.loads((self.top / "results/reference/comparisons/0.json").read_text()), echo)

    def test_a_reference_published_again_keeps_its_memory_run(self):
        """Would catch: republishing the reference deletes the memory run of all models."""
        (self.top / "run" / "memory").mkdir(parents=True)
        fixture.write_run(self.top / "run" / "memory", self.run_, micro=False)
        self.publish()
        reference = self.top / "results/reference"
        with mock.patch.object(publish, "_draw", return_value=[]):
            publish.publish(reference, top=self.top)
        self.assertEqual(load_run(reference / "memory").document, self.run_)

    def test_comparisons_of_an_earlier_run_are_gone(self):
        """Would catch: a page with the comparisons of an earlier run."""
        self.publish_with(comparison_document())
        (self.top / "run" / "comparisons" / "0.json").unlink()
        self.publish()
        self.assertNotIn("minimal-epoll-client", self.page())

    def test_twice_is_the_same(self):
        self.assertEqual((self.publish(), self.page()), (self.publish(), self.page()))

    def test_only_servers_whose_intervals_do_not_overlap_are_slowed(self):
        """Would catch: a finding that calls noise a slowdown."""
        for server, low in (("epoll", 80.0), ("poll", 95.0)):
            for value, (median, high) in ((0, (100.0, 110.0)), (10000, (85.0, 90.0))):
                for each in self.run_["summaries"]:
                    if (each["cell"], each["metric"]) == (f"active-idle/{server}/{value}", "throughput_per_s"):
                        each.update(median=median, low=min(low, median), high=high)
        run = Run(self.run_, "run.json")
        self.assertIn("poll`, not `epoll`.** ", results_page.findings(run, run))

    def test_a_cost_that_may_be_zero_is_no_finding(self):
        """The bug: an idle connection of `nonblocking` cost 1.96 KiB, with an interval from 0 to 7 KiB."""
        totals = [each for each in self.run_["slopes"] if each["metric"] == "memory_total_bytes"]
        self.assertGreater(len(totals), 2)
        cheapest = min(totals, key=lambda each: each["median"])
        self.assertIn(f"with `{cheapest['server']}`**, kernel", results_page.findings(*2 * [Run(self.run_, "run.json")]))
        cheapest["low"] = 0.0
        self.assertNotIn(f"with `{cheapest['server']}`**, kernel", results_page.findings(*2 * [Run(self.run_, "run.json")]))

    def test_every_sentence_comes_from_the_summaries(self):
        run = Run(self.run_, "run.json")
        text = results_page.page(run, [])
        experiment = next(each for each in run.experiments if each.parameter == "idle_connections")
        ends = [
            run.summary(run.cell(experiment, "epoll", value), "throughput_per_s")["median"]
            for value in (experiment.values[0], experiment.values[-1])
        ]
        # The quotient of two intervals is no interval: only the percentage of the medians is shown.
        self.assertRegex(text, rf"(?m) \({100 * ends[1] / ends[0]:.0f} %\)$")

    def test_the_table_has_intervals(self):
        """The bug: medians without intervals of a run in which the machine had two speeds."""
        run = fixture.make_run()
        wanted = ("echo-closed/epoll/10", "throughput_per_s")
        summary = next(each for each in run["summaries"] if (each["cell"], each["metric"]) == wanted)
        summary |= {"median": 226_000.0, "low": 158_000.0, "high": 233_000.0}
        text = results_page.table(Run(run, "run.json"))
        self.assertIn("226k (158k to 233k)<br>", text)
        self.assertRegex(text, r"with intervals \([0-9.]+ % confidence; ")

    def test_the_published_exit_codes_are_those_of_fanin_load(self):
        """The bug: exit code 1 of an invalid result, which has been 5 since there are assertions."""
        document = read_json(programs.TOP / "results/reference/comparisons/fault-injection-epoll.json")
        self.assertEqual({note.rsplit(" ", 1)[1] for note in document["notes"]}, {"0", "5"})

    def test_every_median_has_its_own_interval(self):
        run = Run(self.run_, "run.json")
        experiment = next(each for each in run.experiments if each.parameter == "idle_connections")
        summary = run.summary(run.cell(experiment, "epoll", 0), "throughput_per_s")
        low, median, high = (ticks.count(summary[key]) for key in ("low", "median", "high"))
        self.assertIn(f"`epoll`: {median}/s ({low} to {high}) with 0 idle", results_page.page(run, []))

    def test_controls_show_the_difference_of_two_identical_servers(self):
        original = next(each for each in self.run_["cells"] if each["id"] == "active-idle/epoll/100")
        control = original | {"id": original["id"] + "/aa", "role": "aa"}
        self.run_["cells"].append(control)
        summary = next(
            each
            for each in self.run_["summaries"]
            if (each["cell"], each["metric"]) == (original["id"], "throughput_per_s")
        )
        self.run_["summaries"].append(summary | {"cell": control["id"], "median": summary["median"] * 0.9})
        lines = results_page.page(Run(self.run_, "run.json"), []).splitlines()
        (row,) = (line for line in lines if line.startswith("| `active-idle/epoll/100`, requests per second |"))
        self.assertIn(f"| {ticks.count(summary['median'])} (", row)
        self.assertTrue(row.endswith("| 10 % |"), row)

    def test_the_reference_itself_can_be_published_again(self):
        # The bug: it was deleted before it was read.
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

    def test_a_readme_without_markers_is_not_published(self):
        (self.top / "README.md").write_text("# nothing\n", encoding="utf-8")
        with self.assertRaises(InputError):
            self.publish()


if __name__ == "__main__":
    unittest.main()
