"""Tests of the charts of a run: they show every server and gap, in the same style everywhere."""

import itertools
import unittest

from matplotlib.colors import to_hex

from plots import charts, dot_plot, ticks
from plots.charts import connection_memory
from plots.run_file import Run
from plots.style import FAINT, INK, MODELS, PANELS, REFERENCE_LINE, StyleBook
from plots.tests import fixture
from plots.tests.drawing import (
    assert_nothing_overlaps,
    drawn,
    has_data,
    labelled_lines,
    legend_texts,
    make_every_chart,
    tables,
)


class EveryChart(unittest.TestCase):
    def test_every_chart_of_the_tables_is_drawn(self):
        """Would catch: a new chart that shows nothing, or whose texts overlap."""
        figures = drawn(make_every_chart())
        self.assertEqual(set(figures), {f"{name}-{chart}" for name, table in tables().items() for chart in table})
        for stem, figure in figures.items():
            self.assertTrue(has_data(figure), stem)
            assert_nothing_overlaps(self, stem, figure)


class Fixture(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.figures = drawn(fixture.make_run())

    def test_every_gap_is_in_the_legend(self):
        # Would catch: a line that ends without a reason.
        for stem, figure in self.figures.items():
            texts = legend_texts(figure)
            for (experiment, server, value), (status, reason) in fixture.GAPS.items():
                if not stem.startswith(experiment) or (
                    stem.endswith("percentiles")
                    and value not in (1, 10, 1000, 2000, 10000)
                    or stem.endswith("over-time")  # at the largest value only
                    and value not in (2000, 10000)
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
        poll = next(line for line in labelled_lines(figure) if line.get_label() == "poll")
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
            texts = legend_texts(figure) + [label.get_text() for axes in figure.axes for label in axes.get_yticklabels()]
            for name, _, members, *_ in fixture.EXPERIMENTS:
                if stem.startswith(name) and not stem.endswith("per-connection"):  # only of those with a bar
                    for server in members:
                        self.assertTrue(
                            any(text in (server, f"{server} (no point)") for text in texts), f"{stem}: {server}"
                        )

    def test_colour_marker_and_line_are_the_same_in_all_charts(self):
        looks = {}
        for figure in self.figures.values():
            for line in labelled_lines(figure):
                # A dot plot has no lines.
                dashes = {(line.get_linestyle(), line.get_dash_capstyle())} if line.get_linestyle() != "None" else set()
                looks.setdefault(line.get_label(), set()).update({(line.get_color(), line.get_marker()), *dashes})
        self.assertEqual(set(looks), set(fixture.SERVERS))
        for server, found in looks.items():
            self.assertEqual(len(found), 2, f"{server} changes its look: {found}")
        self.assertEqual(len(set(map(frozenset, looks.values()))), len(looks))

    def test_zero_idle_connections_are_drawn(self):
        # Would catch: a plain logarithmic axis, which omits 0, the base of the comparison.
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

    def test_generator_limit_is_shown_once(self):
        # fanin-load says it among its warnings as well; said twice it would read as two faults.
        texts = legend_texts(self.figures["echo-closed-throughput"])
        self.assertFalse(any("generator-saturated" in text for text in texts), texts)

    def test_missing_percentile_is_named(self):
        # A round of few requests has no p99.9; the empty panel must say so.
        texts = legend_texts(self.figures["echo-closed-latency"])
        self.assertTrue(any("no p99.9" in text and "too few requests" in text for text in texts), texts)

    def test_title_units_and_machine(self):
        for stem, figure in self.figures.items():
            texts = " ".join(text.get_text() for text in figure.texts)
            for text in (
                "Fixture CPU",
                "2 CPUs",
                "Linux 6.1.0-fixture",
                "server on CPU 0",
                "5 rounds",
                "2026-11-20",
                "INCOMPLETE RUN",
            ):
                self.assertIn(text, texts, stem)
            self.assertIn("fixture-20261120T190000Z", texts.replace("\n", " "), stem)

    def test_nothing_overlaps_the_panels(self):
        # The layout estimates text sizes; this measures the real ones.
        for stem, figure in self.figures.items():
            assert_nothing_overlaps(self, stem, figure)


class Explanations(unittest.TestCase):
    """Charts of what explains throughput and CPU time."""

    def test_a_run_of_an_earlier_version_has_no_empty_charts(self):
        """Would catch: three panels without a value instead of one line in the report."""
        run = fixture.small_run()
        for one in run["rounds"]:
            one["load"]["series"] = one["load"]["series"][:1]
        known = ("throughput_per_s", "server_switches_per_request")
        run["summaries"] = [each for each in run["summaries"] if each["metric"] in known]
        loaded = Run(run, "run.json")
        drawn_stems = set(drawn(run, *(f"echo-closed-{name}" for name in ("mechanism", "cpu-split", "over-time"))))
        self.assertEqual(drawn_stems, {"echo-closed-mechanism"})
        lines = charts.omitted(loaded, loaded.experiments[0])
        self.assertEqual([line.split(":")[0] for line in lines], ["No chart second by second", "No chart of CPUs used, user and kernel time"])

    def test_a_second_without_replies_is_a_point_at_zero(self):
        """Would catch: a stall that the line jumps over."""
        figure = drawn(fixture.small_run(), "echo-closed-over-time")["echo-closed-over-time"]
        line = next(line for line in figure.axes[0].get_lines() if line.get_label() == "epoll")
        self.assertEqual(list(line.get_xdata()), [0, 1, 2])
        self.assertEqual(line.get_ydata()[1], 0)
        self.assertEqual(figure.axes[0].get_ylim()[0], 0)


class Relative(unittest.TestCase):
    """Charts of an experiment with a baseline."""

    def figure(self, change=None, **arguments):
        run = fixture.interleave(fixture.make_run(), "echo-closed", **arguments)
        for each in run["ratios"]:
            if change and (each["cell"], each["metric"]) == ("echo-closed/poll/10", "throughput_per_s"):
                each |= change
        return drawn(run, "echo-closed-throughput")["echo-closed-throughput"]

    def texts(self, axes):
        return [text.get_text() for text in axes.texts]

    def test_a_panel_for_each_value_and_a_row_for_each_server(self):
        figure = self.figure({"ratio": 0.876, "low": 0.861, "high": 1.002})
        self.assertEqual([axes.get_title("left") for axes in figure.axes][:2], ["1 connection", "10 connections"])
        axes = figure.axes[1]
        self.assertEqual(len([line for line in axes.get_lines() if line.get_label() in fixture.SERVERS]), 5)
        self.assertIn("\u221212.4 %", self.texts(axes))
        poll = next(line for line in axes.get_lines() if line.get_label() == "poll")
        self.assertAlmostEqual(poll.get_xdata()[0], dot_plot.place(0.876))
        names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
        self.assertEqual(names[poll.get_ydata()[0]], "poll")

    def test_absolute_medians_stand_next_to_the_ratios(self):
        run = fixture.make_run()
        summary = next(
            each
            for each in run["summaries"]
            if (each["cell"], each["metric"]) == ("echo-closed/epoll/10", "throughput_per_s")
        )
        self.assertIn(f"{ticks.count(summary['median'])}/s", self.texts(self.figure().axes[1]))

    def test_no_difference_is_grey(self):
        """Would catch: noise that looks like a difference."""
        for high, colour in ((1.002, FAINT), (0.99, INK)):
            axes = self.figure({"ratio": 0.876, "low": 0.861, "high": high}).axes[1]
            (text,) = (text for text in axes.texts if text.get_text() == "\u221212.4 %")
            self.assertEqual(text.get_color(), colour)

    def test_the_band_is_the_interval_of_the_control(self):
        self.assertFalse(self.figure().axes[0].collections)
        figure = self.figure(control=100)
        self.assertTrue(all(axes.collections for axes in figure.axes if axes.get_visible()))
        self.assertTrue(any("a second epoll at 100 connections" in text for text in legend_texts(figure)))

    def test_the_captions_name_design_and_baseline(self):
        words = " ".join(text.get_text() for text in self.figure().texts).replace("\n", " ")
        for text in ("relative to epoll", "servers interleaved in slices of one run", "93.75 % confidence interval"):
            self.assertIn(text, words)
        self.assertIn("5 sets of fresh servers, each interleaved in slices of one run", words)

    def test_a_ratio_without_interval_has_a_note(self):
        change = {"n": 1, "low": None, "high": None, "coverage": None, "reason": "1 block is too few for an interval"}
        self.assertIn("poll: no interval at 10 (1 block is too few for an interval)", legend_texts(self.figure(change)))
        lost = change | {"n": 0, "ratio": None, "reason": "no block has both rounds with this value"}
        figure = self.figure(lost)
        self.assertIn("poll: no ratio at 10 (no block has both rounds with this value)", legend_texts(figure))
        self.assertIn("no ratio", self.texts(figure.axes[1]))

    def test_an_unmeasured_cell_says_why(self):
        self.assertIn("unsupported", self.texts(self.figure().axes[4]))

    def test_a_run_without_ratios_is_drawn_as_before(self):
        """Would catch: old runs, and runs of a baseline without results, that get empty charts."""
        run = fixture.interleave(fixture.make_run(), "echo-closed")
        for each in run["ratios"]:
            each |= {"n": 0, "ratio": None, "low": None, "high": None, "coverage": None, "reason": "made up"}
        for each in (run, {key: value for key, value in run.items() if key != "ratios"}):
            figure = drawn(each, "echo-closed-throughput")["echo-closed-throughput"]
            self.assertEqual(figure.texts[0].get_text(), "64-byte echo: throughput")

    def test_many_servers(self):
        """Would catch: rows, ticks or texts that overlap with 24 servers, long names and huge differences."""
        names = [*MODELS, "nginx"]
        experiment = ("many", "all of them", tuple(names), "connections", (1, 10, 100), None)
        run = fixture.make_run([(name, name if name in MODELS else None) for name in names], (experiment,), {})
        run = fixture.interleave(run, "many", control=10)
        for ratio, each in zip(itertools.cycle((0.001, 0.5, 0.99, 1.003, 3, 40, 9000)), run["ratios"]):
            each |= {"ratio": ratio, "low": ratio * 0.9, "high": ratio * 1.2}
        figure = drawn(run, "many-throughput")["many-throughput"]
        assert_nothing_overlaps(self, "many", figure)
        renderer = figure.canvas.get_renderer()
        for axes in figure.axes:
            boxes = [label.get_window_extent(renderer) for label in axes.get_xticklabels()]
            self.assertGreater(len(boxes), 2)
            self.assertFalse(any(first.overlaps(second) for first, second in itertools.pairwise(boxes)))
            boxes = [text.get_window_extent(renderer) for text in axes.texts]
            self.assertFalse(any(first.overlaps(second) for first, second in itertools.combinations(boxes, 2)))


class ManyServers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.names = [*MODELS, "nginx"]
        experiment = ("many", "all of them", tuple(cls.names), "connections", (1, 100), None)
        run = fixture.make_run([(name, name if name in MODELS else None) for name in cls.names], (experiment,), {})
        cls.figures = drawn(run, "many-throughput", "many-percentiles")

    def test_each_family_gets_a_panel_and_every_server_its_line(self):
        self.assertEqual(len(self.figures), 2)
        for stem, figure in self.figures.items():
            self.assertEqual(sorted(line.get_label() for line in labelled_lines(figure)), sorted(self.names), stem)
            texts = legend_texts(figure)
            self.assertTrue(set(self.names) <= set(texts), stem)
            headings = [axes.get_title("left") for axes in figure.axes if axes.get_visible()]
            self.assertEqual(headings, [words for panel, words in PANELS.items() if panel != "other"])

    def test_other_panels_show_epoll_in_grey(self):
        # Would catch: panels without a common line for comparison.
        for stem, figure in self.figures.items():
            for axes in figure.axes:
                if axes.get_visible():
                    grey = [line for line in axes.get_lines() if to_hex(line.get_color()) == REFERENCE_LINE["color"]]
                    self.assertEqual(len(grey), axes.get_title("left") != "epoll", f"{stem}: {axes.get_title('left')}")
            self.assertIn("grey: epoll, for comparison", legend_texts(figure), stem)

    def test_a_single_value_gets_a_row_for_each_server(self):
        names = [*MODELS, "nginx"]
        experiment = ("many", "all of them", tuple(names), "connections", (100,), None)
        gaps = {("many", "select", 100): ("unsupported", "made up")}
        run = fixture.make_run([(name, name if name in MODELS else None) for name in names], (experiment,), gaps)
        figure = drawn(run, "many-throughput")["many-throughput"]
        (axes,) = figure.axes
        self.assertEqual(sorted(label.get_text() for label in axes.get_yticklabels()), sorted(names))
        self.assertEqual(sorted(line.get_label() for line in labelled_lines(figure)), sorted(set(names) - {"select"}))
        self.assertEqual(len([line for line in axes.get_lines() if line.get_marker() == "x"]), 2)  # and iterative's own
        self.assertIn("select: unsupported at 100 (made up)", legend_texts(figure))

    def test_a_single_value_of_few_servers_is_a_dot_plot_too(self):
        """Would catch: a line chart whose lines are single points one above the other."""
        experiment = ("few", "two of them", ("poll", "epoll"), "connections", (100,), None)
        figure = drawn(fixture.make_run([("poll", "poll"), ("epoll", "epoll")], (experiment,), {}), "few-latency")["few-latency"]
        self.assertEqual([label.get_text() for label in figure.axes[0].get_yticklabels()], ["poll", "epoll"])
        self.assertTrue(all(line.get_linestyle() == "None" for line in labelled_lines(figure)))

    def test_no_text_is_cut_off(self):
        # The bug: "io-uring-multishot (no point)" was wider than the page.
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
        self.assertIn("epoll: no bar (the slope is not above zero: noise)", texts)

    def test_without_a_bar_there_is_no_chart_but_a_reason(self):
        # A run of an earlier version has no slopes.
        experiment = ("idle", "idle ones", self.SERVERS, "idle_connections", (0, 100, 1000), None)
        run = fixture.make_run([(name, name) for name in self.SERVERS], (experiment,), {})
        del run["slopes"]
        self.assertNotIn("idle-per-connection", drawn(run))
        loaded = Run(run, "run.json")
        reason = connection_memory.explain_absence(loaded, loaded.experiments[0])
        self.assertEqual(reason, "process, thread, select, epoll: the run has no such slope")

    def test_an_interval_that_goes_below_the_axis_shows_it(self):
        def lower(run):
            for each in run["slopes"]:
                if (each["server"], each["metric"]) == ("epoll", "memory_total_bytes"):
                    each["low"] = -4.0

        arrows = [line for line in self.figure(change=lower).axes[0].get_lines() if line.get_marker() == "<"]
        self.assertEqual(len(arrows), 1)

    def test_with_one_active_connection_the_charts_show_memory_only(self):
        experiment = ("idle", "idle ones", ("epoll",), "idle_connections", (0, 100), None)
        run = fixture.make_run([("epoll", "epoll")], (experiment,), {})
        run["suite"]["experiments"][0]["workload"]["connections"] = 1
        self.assertEqual(set(drawn(run)), {f"idle-{name}" for name in charts.MEMORY_ONLY})


if __name__ == "__main__":
    unittest.main()
