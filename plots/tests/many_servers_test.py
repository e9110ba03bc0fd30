"""Tests of charts with more servers than one panel carries."""

import unittest

from matplotlib.colors import to_hex

from plots.style import MODELS, PANELS, REFERENCE_LINE
from plots.tests import fixture
from plots.tests.drawing import assert_nothing_overlaps, drawn, legend_texts, lines_of


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
            self.assertEqual(sorted(line.get_label() for line in lines_of(figure)), sorted(self.names), stem)
            texts = legend_texts(figure)
            self.assertTrue(set(self.names) <= set(texts), stem)
            headings = [axes.get_title("left") for axes in figure.axes if axes.get_visible()]
            self.assertEqual(headings, [words for panel, words in PANELS.items() if panel != "other"])

    def test_other_panels_show_epoll_in_grey(self):
        # Without something that is in all panels, panels can only be compared by their ticks.
        for stem, figure in self.figures.items():
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


if __name__ == "__main__":
    unittest.main()
