"""Tests of what the charts of a run show: that nothing is left out, that styles hold across charts."""

import unittest

from matplotlib.colors import to_hex

from plots.style import MODELS, StyleBook
from plots.tests import fixture
from plots.tests.drawing import assert_nothing_overlaps, drawn, legend_texts, lines_of


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


if __name__ == "__main__":
    unittest.main()
