"""Tests of partial runs: subsets by `fanin run --only`, and runs with few or no results."""

import copy
import itertools
import json
import unittest
from pathlib import Path

from plots import charts, readme, report, results_page
from plots.document import schema_findings
from plots.run_file import Run
from plots.style import StyleBook
from plots.tests import fixture
from plots.tests.drawing import has_data, legend_texts
from plots.tests.fixture_parts import histogram

TOP = Path(__file__).resolve().parents[2]
SERVERS = (("select", "select"), ("epoll", "epoll"), ("nginx", None))
EXPERIMENTS = (
    ("closed", "a closed loop", ("epoll", "nginx"), "connections", (1, 10), None),
    ("idle", "idle connections", ("select", "epoll"), "idle_connections", (0, 100), None),
    ("open", "an open loop", ("epoll",), "connections", (10,), 5000.0),
)


def whole_run():
    """A run of three experiments whose first has an A/A cell."""
    run = fixture.make_run(SERVERS, EXPERIMENTS, {})
    original = next(each for each in run["cells"] if each["id"] == "closed/epoll/10")
    control = original | {"id": "closed/epoll/10/aa", "role": "aa"}
    run["cells"].append(control)
    for kind in ("rounds", "summaries"):
        run[kind] += [each | {"cell": control["id"]} for each in run[kind] if each["cell"] == original["id"]]
    return run


def selected(run, *ids):
    """The run as `fanin run --only` writes it for these cells."""
    cells = [each for each in run["cells"] if each["id"] in ids]
    pairs = {(each["experiment"], each["server"]) for each in cells}
    servers = {server for _, server in pairs}
    of_cells = {kind: [each for each in run[kind] if each["cell"] in ids] for kind in ("rounds", "summaries")}
    slopes = []
    for each in run["slopes"]:
        if (each["experiment"], each["server"]) in pairs:
            pair = (each["experiment"], each["server"])
            values = [cell["value"] for cell in cells if (cell["experiment"], cell["server"]) == pair]
            none = {"values": values, "n": 0, "median": None, "low": None, "high": None, "coverage": None}
            few = len(set(each["values"]) & set(values)) < 2
            slopes.append(each | (none | {"reason": "1 of the sweep values was measured"} if few else {}))
    of_servers = {"servers": [each for each in run["servers"] if each["name"] in servers]}
    return run | of_cells | of_servers | {"cells": cells, "slopes": slopes}


def with_status(run, status):
    """The run without results; all cells have this status."""
    outcome = "failed" if status == "pending" else status
    for cell in run["cells"]:
        cell |= {"status": status, "reason": "made up"}
    rounds = [] if status == "pending" else [fixture.bad_round(each["id"], 0, outcome, "made up") for each in run["cells"]]
    none = {"n": 0, "median": None, "low": None, "high": None, "coverage": None, "reason": "made up"}
    slopes = [each | none | {"values": []} for each in run["slopes"]]
    return run | {"complete": status != "pending", "rounds": rounds, "summaries": [], "slopes": slopes}


def with_one_round(run):
    rounds = [each for each in run["rounds"] if each["block"] == 0]
    only = {"n": 1, "coverage": 0}
    summaries = [each | only | {"low": each["median"], "high": each["median"]} for each in run["summaries"]]
    return run | {"rounds": rounds, "summaries": [each for each in summaries if each["median"] is not None]}


def with_zero_throughput(run):
    for each in run["summaries"]:
        if each["metric"] == "throughput_per_s":
            each |= {"median": 0.0, "low": 0.0, "high": 0.0}
    return with_no_samples(run)


def with_no_samples(run):
    for each in run["rounds"]:
        each["load"]["latency"] = {name: histogram([]) for name in each["load"]["latency"]}
    none = {"n": 0, "median": None, "low": None, "high": None, "coverage": None, "reason": "no samples"}
    for each in run["summaries"]:
        each |= none if each["metric"].startswith("response") else {}
    return run


STATES = {
    **{status: lambda run, status=status: with_status(run, status) for status in ("failed", "invalid", "unsupported")},
    "pending": lambda run: with_status(run, "pending"),
    "one round": with_one_round,
    "zero throughput": with_zero_throughput,
    "no samples": with_no_samples,
}


class Subsets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.run_ = whole_run()
        cls.ids = [each["id"] for each in cls.run_["cells"]]

    def check(self, document, what):
        """Every chart is drawn, and an empty one says why."""
        self.assertEqual(schema_findings(document, "fanin-run", limit=1), [], what)
        run = Run(document, "run.json")
        shown = {}
        for stem, experiment, figure in charts.draw_all(run, StyleBook(run.servers)):
            shown.setdefault(experiment.name, []).append(stem)
            if not has_data(figure):
                words = [text.get_text() for axes in figure.axes for text in axes.texts]
                self.assertTrue(any("see below" in each for each in words), f"{what}: {stem} is empty: {words}")
                self.assertTrue(any("(" in each for each in legend_texts(figure)), f"{what}: {stem} does not say why")
        measured = {each["experiment"] for each in document["cells"] if each["role"] == "measure"}
        self.assertEqual(set(shown), measured, what)
        report.contents(run, [])
        results_page.page(run, [])
        readme.findings(run, run)

    # Would catch: KeyError: 'process' with `--only '*/epoll/*'`, since the servers of the suite were drawn.
    def test_every_single_cell(self):
        for each in self.ids:
            self.check(selected(self.run_, each), each)

    def test_every_server_and_every_experiment(self):
        for word in [f"/{name}/" for name, _ in SERVERS] + [f"{each[0]}/" for each in EXPERIMENTS] + ["/aa", "/10"]:
            self.check(selected(self.run_, *[each for each in self.ids if word in each]), word)

    def test_every_pair(self):
        for pair in itertools.combinations(self.ids, 2):
            self.check(selected(self.run_, *pair), pair)

    def test_every_state_of_all_and_of_single_cells(self):
        # Would catch: a median of 0 that a logarithmic axis drops silently.
        chosen = (self.ids, ["closed/nginx/10"], ["idle/epoll/0"], ["idle/epoll/0", "idle/epoll/100"], ["open/epoll/10"])
        for name, state in STATES.items():
            for ids in chosen:
                self.check(state(selected(copy.deepcopy(self.run_), *ids)), (name, ids))

    def test_unselected_servers_are_no_gap(self):
        # Would catch: a chart of one server with crosses and notes of twenty others.
        run = Run(selected(self.run_, "closed/epoll/1", "closed/epoll/10"), "run.json")
        for _, _, figure in charts.draw_all(run, StyleBook(run.servers)):
            self.assertFalse(any("not selected" in text for text in legend_texts(figure)))
        caveats = report.contents(run, [])["caveats"]
        self.assertIn("7 cells of the suite were not selected for this run and are in no chart.", caveats)

    def test_a_hole_in_the_selection_is_a_gap(self):
        run = Run(selected(self.run_, "closed/epoll/1", "closed/nginx/10"), "run.json")
        _, _, figure = next(charts.draw_all(run, StyleBook(run.servers)))
        self.assertIn("epoll: not selected for this run at 10", legend_texts(figure))

    def test_a_zero_has_a_note(self):
        run = Run(with_zero_throughput(selected(copy.deepcopy(self.run_), "closed/epoll/10")), "run.json")
        _, _, figure = next(charts.draw_all(run, StyleBook(run.servers)))
        note = "epoll: no throughput at 10 (its median is 0, which a logarithmic axis cannot show)"
        self.assertIn(note, legend_texts(figure))

    def test_the_report_names_empty_charts(self):
        # Would catch: a chart of bytes per idle connection without a bar, as of the smoke suite.
        run = Run(selected(self.run_, "idle/epoll/0"), "run.json")
        self.assertNotIn("idle-per-connection", [stem for stem, *_ in charts.draw_all(run, StyleBook(run.servers))])
        (experiment,) = report.contents(run, [])["experiments"]
        reason = "epoll: 1 of the sweep values was measured"
        self.assertEqual(experiment["omitted"], [f"No chart of bytes per idle connection. {reason}"])


class ShippedSuites(unittest.TestCase):
    def test_they_have_the_cells_for_bytes_per_idle_connection(self):
        # Would catch: a suite that sweeps idle connections only under traffic, where slab memory does not settle: its
        # chart is empty.
        for name in ("smoke", "standard", "full"):
            suite = json.loads((TOP / "harness" / "suites" / f"{name}.json").read_text(encoding="utf-8"))
            swept = [each for each in suite["experiments"] if each["sweep"]["parameter"] == "idle_connections"]
            self.assertIn(1, [each["workload"].get("connections") for each in swept], name)


if __name__ == "__main__":
    unittest.main()
