"""Tests of charts and pages of partial runs, of runs with few or no results, and of runs with hostile text."""

import copy
import itertools
import json
import random
import tempfile
import unicodedata
import unittest
import warnings
import xml.etree.ElementTree as xml
from pathlib import Path

from plots import charts, load_curve, page, report, results_page, web_page
from plots.charts import micro
from plots.document import Finding, schema_findings
from plots.json_file import InputError
from plots.run_file import Run
from plots.style import StyleBook
from plots.tests import fixture, fixture_parts, load_curve_test
from plots.tests.drawing import (
    assert_nothing_overlaps,
    choose_one_of_a_kind,
    drawn,
    has_data,
    legend_texts,
    make_every_chart,
)
from plots.tests.fixture_parts import histogram
from plots.tests.report_test import Outline
from plots.text import LIMIT, clean

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
        results_page.findings(run, run)

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


HOSTILE = (
    "bad $x^$",
    r"$\frac{1}{$ \$ $$ \mathdefault{x} \\",
    "--> <script>alert(1)</script> ]]> &amp; &#0; <!-- -- --- -->",
    "'\" onerror=alert(1) {{ 7 * 7 }} {% raw %}",
    "\x1b[2J\x1b]0;title\x07 \x00\x01\b\x7f\x9b31m",
    "two\nlines\r\nand\ttabs\u2028more\x85\x0b\x0c",
    "\ud800 half \udfff",
    "\ufffe\uffff\U0001fffe \u202eturned\u2066 \u200b \ufeff",
    "_nolegend_",
    "%s %d {} {0} %",
    "a" * 5000,
    "two words " * 500,
    "W\u00fcrde \u4e2d\u6587 \U0001f600 e\u0301",
    "",
)


def random_texts(count):
    """Texts of characters that are special to a parser, or unprintable."""
    random_ = random.Random(14)
    alphabet = [*"$\\^_{}<>&'\"-!]%#\n\t\r\0\x1b\x9f", "\ud83d", "\udc00", "\uffff", "\u202e", "a", " ", "\U0010ffff"]
    return ["".join(random_.choices(alphabet, k=random_.randrange(1, 60))) for _ in range(count)]


def filled(run, text):
    """The run with `text` in every place whose schema permits any text."""
    some = text or " "  # what must not be empty
    start = run["environment"]["start"]
    start["cpu"]["model"] = start["hypervisor"] = start["clocksource"] = text
    start["kernel"]["release"] = some
    start["build"]["git_commit"] = text
    start["unreadable"] = {some: some}
    run["suite"]["description"] = some
    for each in run["suite"]["experiments"]:
        each["title"] = some
    for each in run["servers"]:
        each["summary"] = text
    run["conformance"][0] |= {"status": "failed", "reason": some, "protocol": some}
    for each in run["rounds"]:
        each["load"]["verdict"] = {"status": "warning", "reasons": [{"code": "late-sends", "text": some}]}
        each["load"]["bottleneck"]["reason"] = some
        each["load"]["workload"]["protocol"] = some
        each["server"]["stderr_tail"] = text
    run["cells"][0] |= {"status": "failed", "reason": some}
    for each in run["summaries"]:
        if each["metric"] == "response_p99_ns":
            each |= {"n": 0, "median": None, "low": None, "high": None, "coverage": None, "reason": some}
    for each in run["slopes"]:
        if each["server"] == "select":
            each |= {"n": 0, "median": None, "low": None, "high": None, "coverage": None, "reason": some}
    for each in run["ratios"][::2]:
        each |= {"n": 1, "low": None, "high": None, "coverage": None, "reason": some}
    return run


class HostileText(unittest.TestCase):
    def written(self, figures):
        """The SVGs of figures, after an XML parser has read them."""
        with tempfile.TemporaryDirectory() as directory, warnings.catch_warnings():
            warnings.simplefilter("error")
            for index, (stem, figure) in enumerate(figures):
                self.assertRegex(stem, r"^[A-Za-z0-9_.+-]{1,120}$")
                _, svg = page.save(figure, Path(directory) / str(index))
                xml.parse(svg)
                yield svg.read_bytes()

    def check_run(self, text):
        document = filled(make_every_chart(), text)
        run = Run(document, "run.json")
        book = StyleBook(run.servers)
        chosen = [(stem, draw(run, each, book)) for stem, draw, each in choose_one_of_a_kind(run)]
        for stem, figure in chosen:
            assert_nothing_overlaps(self, stem, figure)
        svgs = self.written(chosen)
        pictures = [web_page.Picture(stem, figure.texts[0].get_text(), next(svgs), "default") for stem, figure in chosen]
        self.assertGreater(len(pictures), 2)
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / report.NAME
            report.write(run, pictures, path)
            self.check_html(path.read_bytes().decode("utf-8"), len(pictures))

    def check_html(self, html, pictures):
        outline = Outline(html)
        self.assertEqual(outline.open, [])
        self.assertEqual(len(outline.loads), pictures)  # and no script
        self.assertEqual([c for c in html if c != "\n" and unicodedata.category(c) in ("Cc", "Cs", "Cf", "Cn")], [])
        self.assertLessEqual(max(map(len, outline.words)), 4 * LIMIT)

    def check_runs(self, texts):
        for text in texts:
            with self.subTest(text=text[:80]):
                self.check_run(text)

    # Would catch: no charts, since the stderr of a server ends with "bad $x^$"; an SVG that no browser opens. In three
    # parts, since one worker of pytest would still draw when the others have ended.
    def test_a_run_with_hostile_text_is_drawn(self):
        self.check_runs(HOSTILE[::2])

    def test_a_run_with_more_hostile_text_is_drawn(self):
        self.check_runs(HOSTILE[1::2])

    def test_a_run_with_random_text_is_drawn(self):
        self.check_runs(random_texts(3))

    def test_hostile_text_is_valid(self):
        self.assertEqual(schema_findings(filled(make_every_chart(), HOSTILE[0]), "fanin-run", limit=1), [])

    def test_a_curve_with_hostile_text_is_drawn(self):
        for text in (*HOSTILE[::2], *random_texts(2)):
            with self.subTest(text=text[:80]):
                document = load_curve_test.usual()
                document["version"] = text
                document["points"][0] |= {"result": None, "reason": text or " "}
                document["points"][1]["result"]["verdict"] = {"status": "invalid", "reasons": [{"code": "no-reply", "text": text or " "}]}
                document["points"][1]["result"]["workload"]["protocol"] = text or " "
                figure = load_curve.draw(document)
                assert_nothing_overlaps(self, "curve", figure)
                list(self.written([("curve", figure)]))

    def test_micro_benchmarks_with_hostile_names_are_drawn(self):
        for text in (*HOSTILE[::2], *random_texts(2)):
            with self.subTest(text=text[:80]):
                document = fixture_parts.make_micro()
                document["context"] |= {"num_cpus": text, "date": text}
                for each in document["benchmarks"][:9] + document["benchmarks"][-2:]:
                    each["name"] = each["run_name"] = f"{text}/{each['name']}"
                    each["error_message"] = text
                list(self.written(micro.draw_all(*self.load_micro(document)).items()))

    def load_micro(self, document):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "micro.json"
            path.write_text(json.dumps(document), encoding="utf-8")
            return micro.load_micro(path)

    def test_long_names_are_cut(self):
        # Would catch: a legend or tick labels wider than the page.
        names = [f"server-{index}-" + "of_a_long_name" * 6 for index in range(10)]
        experiments = (
            ("single", "one value", tuple(names), "connections", (10,), None),
            ("many", "two values", tuple(names[:3]), "connections", (1, 10), None),
            ("idle", "idle", tuple(names[:3]), "idle_connections", (0, 10), None),
        )
        for stem, figure in drawn(fixture.make_run([(name, "epoll") for name in names], experiments, {})).items():
            assert_nothing_overlaps(self, stem, figure)

    def test_messages_are_one_line(self):
        # Would catch: an escape sequence of a file that sets the title of the terminal through a message.
        for text in (*HOSTILE, *random_texts(50)):
            for message in (str(Finding("$", text)), str(InputError(text)), clean(text)):
                self.assertNotRegex(message, "[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202e]")
                self.assertLessEqual(len(message), LIMIT)

    def test_clean_text_is_unchanged(self):
        for text in ("select: 1013 descriptors", "AMD EPYC \u00b7 2 CPUs", "\u4e2d\u6587", r"C:\new $5", "a" * LIMIT):
            self.assertEqual(clean(text), text)
        self.assertEqual(clean("a\x1b[31m\n\ud800\u202e"), "a\\x1b[31m \\ud800\\u202e")


if __name__ == "__main__":
    unittest.main()
