"""Tests of what is drawn: that nothing is left out, that styles hold across charts, that files appear."""

import io
import json
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from matplotlib.colors import to_hex

from plots import __main__ as program
from plots import charts, series
from plots.charts import micro
from plots.document import InputError
from plots.run_file import Run
from plots.style import MODELS, PANELS, REFERENCE_LINE, StyleBook
from plots.tests import fixture, fixture_micro


def legend_texts(figure):
    """All texts of the figure's legends, wrapped lines joined."""
    return [" ".join(text.get_text().split()) for legend in figure.legends for text in legend.get_texts()]


def drawn(run, *stems):
    """{file stem: Figure} of all charts of a run document, or of those named."""
    loaded = Run(run, "run.json")
    book = StyleBook(loaded.servers)
    named = [
        (f"{each.name}-{chart.NAME}", chart, each) for each in loaded.experiments for chart in charts.charts_of(each)
    ]
    return {stem: chart.draw(loaded, each, book) for stem, chart, each in named if not stems or stem in stems}


def lines_of(figure):
    """Lines with a label, of all panels."""
    return [line for axes in figure.axes for line in axes.get_lines() if not line.get_label().startswith("_")]


def assert_nothing_overlaps(test, stem, figure):
    """Legends, titles and footer are apart from each other and from the panels, and all is on the page."""
    renderer = figure.canvas.get_renderer()
    figure.draw(renderer)
    panels = [axes.get_tightbbox(renderer) for axes in figure.axes if axes.get_visible()]
    outside = [legend.get_window_extent(renderer) for legend in figure.legends]
    outside += [text.get_window_extent(renderer) for text in figure.texts]
    for box in outside:
        test.assertFalse(any(box.overlaps(panel) for panel in panels), stem)
    for box in outside + panels:
        test.assertGreaterEqual(box.x0, 0, stem)
        test.assertLessEqual(box.x1, figure.bbox.x1, stem)
        test.assertGreaterEqual(box.y0, 0, stem)
    for index, box in enumerate(outside):
        test.assertFalse(any(box.overlaps(other) for other in outside[index + 1 :]), stem)


class Fixture(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.figures = drawn(fixture.make_run())

    def test_a_chart_of_every_kind(self):
        expected = {
            f"{name}-{kind}"
            for name in ("echo-closed", "echo-open")
            for kind in ("throughput", "server-cpu", "latency", "memory", "percentiles")
        }
        expected |= {f"active-idle-{kind}" for kind in ("overview", "latency", "per-connection", "memory", "percentiles")}
        self.assertEqual(set(self.figures), expected)

    def test_every_gap_is_in_the_legend(self):
        # The bug this project must never have: a line that merely ends, and nobody knows why.
        for stem, figure in self.figures.items():
            texts = legend_texts(figure)
            for (experiment, server, value), (status, reason) in fixture.GAPS.items():
                if not stem.startswith(experiment) or (
                    stem.endswith("percentiles") and value not in (1, 10, 1000, 2000, 10000)
                ):
                    continue
                shape = reason.split(" ", 1)[-1]
                found = [
                    text
                    for text in texts
                    if text.startswith(server) and status in text and f"{value:,}" in text and shape in text
                ]
                self.assertTrue(found, f"{stem} hides {server} at {value}: {texts}")

    def test_a_gap_breaks_the_line_and_gets_a_cross(self):
        figure = self.figures["echo-closed-throughput"]
        poll = next(line for line in lines_of(figure) if line.get_label() == "poll")
        heights = dict(zip(map(float, fixture.EXPERIMENTS[0][4]), poll.get_ydata()))
        self.assertNotEqual(heights[1000.0], heights[1000.0], "drawn through a value that was never measured")
        crosses = {
            (to_hex(line.get_color()), x)
            for axes in figure.axes
            for line in axes.get_lines()
            if line.get_marker() == "x"
            for x in line.get_xdata()
        }
        book = StyleBook([(name, name) for name in MODELS])
        expected = {(book[server].colour, value) for (name, server, value) in fixture.GAPS if name == "echo-closed"}
        self.assertEqual(crosses, expected)

    def test_every_server_is_in_the_legend(self):
        for stem, figure in self.figures.items():
            texts = legend_texts(figure)
            for name, _, members, *_ in fixture.EXPERIMENTS:
                if stem.startswith(name) and not stem.endswith("per-connection"):  # bars have their names beside them
                    for server in members:
                        self.assertTrue(
                            any(text in (server, f"{server} (no point)") for text in texts), f"{stem}: {server}"
                        )

    def test_colour_marker_and_line_are_the_same_in_all_charts(self):
        looks = {}
        for figure in self.figures.values():
            for line in lines_of(figure):
                looks.setdefault(line.get_label(), set()).add(
                    (line.get_color(), line.get_marker(), line.get_linestyle(), line.get_dash_capstyle())
                )
        self.assertEqual(set(looks), set(fixture.SERVERS))
        for server, found in looks.items():
            self.assertEqual(len(found), 1, f"{server} changes its look: {found}")
        self.assertEqual(len({(colour, marker) for ((colour, marker, *_),) in looks.values()}), len(looks))

    def test_zero_idle_connections_have_a_place(self):
        # On a plain logarithmic axis 0 silently disappears, and with it the base of the comparison.
        for axes in self.figures["active-idle-overview"].axes:
            labels = dict(zip(axes.get_xticks(), (label.get_text() for label in axes.get_xticklabels())))
            self.assertEqual(labels[0], "0")
            low, high = axes.get_xlim()
            self.assertLess(low, 0)
            line = next(line for line in axes.get_lines() if line.get_label() == "epoll")
            self.assertEqual(line.get_xdata()[0], 0)
            self.assertEqual(line.get_ydata()[0], line.get_ydata()[0])
            self.assertGreater(high, 10000)

    def test_generator_limited_points_are_hollow(self):
        figure = self.figures["echo-closed-throughput"]
        self.assertTrue(any("generator-limited" in text for text in legend_texts(figure)))
        hollow = [
            line
            for line in figure.axes[0].get_lines()
            if line.get_markerfacecolor() == "white" and len(line.get_xdata()) == 1
        ]
        self.assertEqual(sorted({line.get_xdata()[0] for line in hollow}), [10, 100])
        self.assertFalse(
            any("generator-limited" in text for text in legend_texts(self.figures["active-idle-overview"]))
        )

    def test_generator_limit_is_told_once(self):
        # fanin-load says it among its warnings as well; said twice it would read as two faults.
        texts = legend_texts(self.figures["echo-closed-throughput"])
        self.assertFalse(any("client-limited" in text for text in texts), texts)

    def test_missing_percentile_is_named(self):
        # A round of few requests carries no p99.9; the empty panel must say so.
        texts = legend_texts(self.figures["echo-closed-latency"])
        self.assertTrue(any("no p99.9" in text and "too few requests" in text for text in texts), texts)

    def test_title_units_and_facts(self):
        for stem, figure in self.figures.items():
            texts = " ".join(text.get_text() for text in figure.texts)
            for fact in (
                "Fixture CPU",
                "2 CPUs",
                "Linux 6.1.0-fixture",
                "server on CPU 0",
                "5 rounds",
                "2026-11-20",
                "INCOMPLETE RUN",
            ):
                self.assertIn(fact, texts, stem)
            self.assertIn("fixture-20261120T190000Z", texts.replace("\n", " "), stem)

    def test_nothing_overlaps_the_panels(self):
        # Legends and footers are laid out in inches from estimates of text sizes; this measures the real ones.
        for stem, figure in self.figures.items():
            assert_nothing_overlaps(self, stem, figure)


class ManyServers(unittest.TestCase):
    def test_each_family_gets_a_panel_and_every_server_its_line(self):
        names = [*MODELS, "nginx"]
        experiment = ("many", "all of them", tuple(names), "connections", (1, 100), None)
        run = fixture.make_run([(name, name if name in MODELS else None) for name in names], (experiment,), {})
        stems = ("many-throughput", "many-percentiles")
        figures = drawn(run, *stems)
        for stem in stems:
            self.assertEqual(sorted(line.get_label() for line in lines_of(figures[stem])), sorted(names), stem)
            texts = legend_texts(figures[stem])
            self.assertTrue(set(names) <= set(texts), stem)
            headings = [axes.get_title("left") for axes in figures[stem].axes if axes.get_visible()]
            self.assertEqual(headings, [words for panel, words in PANELS.items() if panel != "other"])

    def test_other_panels_show_epoll_in_grey(self):
        # Without something that is in all panels, panels can only be compared by their ticks.
        names = list(MODELS)
        experiment = ("many", "all of them", tuple(names), "connections", (1, 100), None)
        run = fixture.make_run([(name, name) for name in names], (experiment,), {})
        for stem, figure in drawn(run, "many-throughput", "many-percentiles").items():
            for axes in figure.axes:
                if axes.get_visible():
                    grey = [line for line in axes.get_lines() if to_hex(line.get_color()) == REFERENCE_LINE["color"]]
                    self.assertEqual(len(grey), axes.get_title("left") != "epoll", f"{stem}: {axes.get_title('left')}")
            self.assertIn("grey: epoll, to compare with", legend_texts(figure), stem)

    def test_a_single_value_gets_a_row_for_each_server(self):
        names = [*MODELS, "nginx"]
        experiment = ("many", "all of them", tuple(names), "connections", (100,), None)
        gaps = {("many", "select", 100): ("unsupported", "made up")}
        run = fixture.make_run([(name, name if name in MODELS else None) for name in names], (experiment,), gaps)
        figure = drawn(run, "many-throughput")["many-throughput"]
        (axes,) = figure.axes
        self.assertEqual(sorted(label.get_text() for label in axes.get_yticklabels()), sorted(names))
        self.assertEqual(sorted(line.get_label() for line in lines_of(figure)), sorted(set(names) - {"select"}))
        self.assertEqual(len([line for line in axes.get_lines() if line.get_marker() == "x"]), 2)  # and iterative's own
        self.assertIn("select: unsupported at 100 (made up)", legend_texts(figure))

    def test_no_text_is_cut_off(self):
        # "io-uring-multishot (no point)" once ran out of the page.
        names = list(MODELS)
        experiments = tuple(
            (name, "all of them", tuple(names), "connections", values, None)
            for name, values in (("many", (1, 100)), ("single", (100,)))
        )
        gaps = {("many", "io-uring-multishot", value): ("failed", "made up") for value in (1, 100)}
        run = fixture.make_run([(name, name) for name in names], experiments, gaps)
        for stem, figure in drawn(run, "many-throughput", "single-throughput").items():
            assert_nothing_overlaps(self, stem, figure)


class ConnectionMemory(unittest.TestCase):
    SERVERS = ("process", "thread", "select", "epoll")

    def figure(self, gaps=None, change=None):
        experiment = ("idle", "idle ones", self.SERVERS, "idle_connections", (0, 100, 1000), None)
        run = fixture.make_run([(name, name) for name in self.SERVERS], (experiment,), gaps or {})
        if change:
            change(run)
        return drawn(run, "idle-per-connection")["idle-per-connection"]

    def test_one_bar_per_server_the_cheapest_first(self):
        total, shares = self.figure().axes
        names = [label.get_text() for label in total.get_yticklabels()]
        self.assertEqual(sorted(names), sorted(self.SERVERS))
        self.assertEqual(names[2:], ["thread", "process"])
        # Per idle connection the fixture's process takes 120 KiB of PSS, 45056 + 16384 bytes, and about 4650 of slab.
        bar = total.patches[-1]
        self.assertAlmostEqual((bar.get_x() + bar.get_width()) / (122_880 + 61_440 + 4_650), 1, delta=0.05)
        for row in range(4):
            widths = [each.get_width() for each in shares.patches if abs(each.get_y() + 0.31 - row) < 0.01]
            self.assertAlmostEqual(sum(widths), 1)

    def test_a_server_without_bar_is_named_with_its_reason(self):
        gaps = {("idle", "select", value): ("unsupported", "made up") for value in (100, 1000)}
        texts = legend_texts(self.figure(gaps))
        self.assertIn("select: no bar (1 of the sweep values were measured: made up)", texts)

        def slopes_down(run):
            for each in run["slopes"]:
                if (each["server"], each["metric"]) == ("epoll", "memory_total_bytes"):
                    each |= {"median": -3.0, "low": -4.0, "high": 1.0}

        texts = legend_texts(self.figure(change=slopes_down))
        self.assertIn("epoll: no bar (the slope is not above zero: no more than noise)", texts)
        # A run of an earlier version has no slopes: no crash, every server named.
        texts = legend_texts(self.figure(change=lambda run: run.pop("slopes")))
        self.assertIn("process, thread, select, epoll: no bar (the run has no such slope)", texts)

    def test_an_interval_that_goes_below_the_axis_shows_it(self):
        def lower(run):
            for each in run["slopes"]:
                if (each["server"], each["metric"]) == ("epoll", "memory_total_bytes"):
                    each["low"] = -4.0

        arrows = [line for line in self.figure(change=lower).axes[0].get_lines() if line.get_marker() == "<"]
        self.assertEqual(len(arrows), 1)

    def test_a_lone_active_connection_asks_about_memory_alone(self):
        experiment = ("idle", "idle ones", ("epoll",), "idle_connections", (0, 100), None)
        run = fixture.make_run([("epoll", "epoll")], (experiment,), {})
        run["suite"]["experiments"][0]["workload"]["connections"] = 1
        self.assertEqual(set(drawn(run)), {"idle-per-connection", "idle-memory"})


class Notes(unittest.TestCase):
    def test_lost_rounds_of_a_measured_cell_are_told(self):
        run = fixture.make_run(gaps={})
        lost = fixture.bad_round("echo-closed/epoll/10", 5, "failed", "server died: signal 11")
        run["rounds"].append(lost)
        texts = legend_texts(drawn(run, "echo-closed-throughput")["echo-closed-throughput"])
        self.assertIn("epoll: 1 of 6 rounds failed at 10 (server died: signal 11)", texts)

    def test_cells_left_out_by_only_are_told(self):
        run = fixture.make_run(gaps={})
        run["cells"] = [cell for cell in run["cells"] if cell["id"] != "echo-closed/epoll/10"]
        run["rounds"] = [each for each in run["rounds"] if each["cell"] != "echo-closed/epoll/10"]
        run["summaries"] = [each for each in run["summaries"] if each["cell"] != "echo-closed/epoll/10"]
        self.assertIn(
            "epoll: not selected for this run at 10",
            legend_texts(drawn(run, "echo-closed-memory")["echo-closed-memory"]),
        )

    def test_nothing_measured_at_all(self):
        # Every cell unsupported: no division by an empty range, and every server is still named.
        experiment = ("echo-closed", "echo", ("epoll",), "connections", (1, 10), None)
        gaps = {("echo-closed", "epoll", value): ("unsupported", "no such kernel") for value in (1, 10)}
        for stem, figure in drawn(fixture.make_run([("epoll", "epoll")], (experiment,), gaps)).items():
            self.assertIn("epoll (no point)", legend_texts(figure), stem)
            self.assertIn("epoll: unsupported at 1 and 10 (no such kernel)", legend_texts(figure), stem)

    def test_percentiles_without_value_are_told_apart(self):
        # p99 lacks at 1, p99.9 at 1 and 10: as digits of a text they look alike, as facts they are not.
        run = fixture.make_run(
            experiments=(("echo-closed", "echo", ("epoll",), "connections", (1, 10), None),), gaps={}
        )
        for each in run["summaries"]:
            lacks = {"response_p99_ns": (1,), "response_p999_ns": (1, 10)}.get(each["metric"], ())
            if int(each["cell"].rsplit("/")[-1]) in lacks:
                each |= {"median": None, "low": None, "high": None, "coverage": None, "reason": "too few"}
        figure = drawn(run, "echo-closed-latency")["echo-closed-latency"]
        texts = legend_texts(figure)
        self.assertIn("epoll: no p99 at 1 (too few)", texts)
        self.assertIn("epoll: no p99.9 at 1 and 10 (too few)", texts)
        crosses = [
            [x for line in panel.get_lines() if line.get_marker() == "x" for x in line.get_xdata()]
            for panel in figure.axes
        ]
        self.assertEqual(crosses, [[], [1], [1, 10]])

    def test_same_reason_is_told_once(self):
        run = fixture.make_run(
            gaps={("echo-closed", server, 2000): ("failed", "connect: timed out") for server in ("poll", "epoll")}
        )
        loaded = Run(run, "run.json")
        notes = series.notes(loaded, loaded.experiments[0], {})
        self.assertIn("poll, epoll: failed at 2,000 (connect: timed out)", [note.text() for note in notes])

    def test_unanswered_requests_are_told_with_percentiles(self):
        texts = legend_texts(
            drawn(fixture.make_run(gaps={}, infinite=3), "echo-closed-percentiles")["echo-closed-percentiles"]
        )
        self.assertTrue(any("failed or were never answered" in text for text in texts), texts)


class Micro(unittest.TestCase):
    def load(self, document):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "micro.json"
            path.write_text(json.dumps(document), encoding="utf-8")
            return micro.load_micro(path)

    def test_median_in_nanoseconds_over_repetitions(self):
        _, costs = self.load(fixture_micro.make_micro())
        cost = next(each for each in costs if (each.subject, each.n, each.panel) == ("poll", 1000, "10 active"))
        base = 470 + 52 * 1000 + 60 * 10
        self.assertAlmostEqual(cost.median, base * 1.03)
        self.assertAlmostEqual(cost.high, base * 1.06)
        mod = next(each for each in costs if each.subject == "epoll_ctl/mod")
        self.assertAlmostEqual(mod.median, 310.0)  # given as 0.31 us

    def test_calls_look_like_the_models_that_use_them(self):
        figures = micro.draw_all(*self.load(fixture_micro.make_micro()))
        self.assertEqual(set(figures), {"micro-wait", "micro-cost"})
        colours = {line.get_label(): line.get_color() for line in lines_of(figures["micro-wait"])}
        book = StyleBook([("epoll", "epoll"), ("select", "select"), ("poll", "poll")])
        self.assertEqual(
            colours, {"epoll_wait": book["epoll"].colour, "select": book["select"].colour, "poll": book["poll"].colour}
        )
        self.assertIn(
            "select: not run at N = 10,000 (an fd_set holds 1024 descriptors)", legend_texts(figures["micro-wait"])
        )

    def test_names_of_benchmarks(self):
        # What tells two benchmarks apart must not get lost on the way to the labels, what the library appends must.
        def entry(name, **more):
            return {"name": name, "real_time": 5.0, "time_unit": "ns"} | more

        _, costs = self.load(
            {
                "benchmarks": [
                    entry("protocol/server/echo/bytes:64"),
                    entry("protocol/server/echo/bytes:4096"),
                    entry("epoll_ctl/mod/n:10/manual_time"),
                    entry("clock/now/min_time:0.100/repeats:3", run_type="aggregate", aggregate_name="median"),
                    entry(
                        "clock/now/min_time:0.100/repeats:3", run_type="aggregate", aggregate_name="cv", real_time=9.0
                    ),
                ]
            }
        )
        self.assertEqual(
            [(each.group, each.subject, each.n, each.panel, each.median) for each in costs],
            [
                ("protocol", "protocol/server/echo, 64 bytes", None, "", 5.0),
                ("protocol", "protocol/server/echo, 4096 bytes", None, "", 5.0),
                ("epoll_ctl", "mod", 10, "", 5.0),
                ("clock", "clock/now", None, "", 5.0),
            ],
        )

    def test_other_json_is_refused(self):
        for document in (
            {},
            [],
            {"benchmarks": [{}]},
            {"benchmarks": [{"name": "wait/poll/n:10", "real_time": "x", "time_unit": "ns"}]},
        ):
            with self.assertRaises(InputError):
                self.load(document)


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
