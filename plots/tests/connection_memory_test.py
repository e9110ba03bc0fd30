"""Tests of the chart of bytes per idle connection."""

import unittest

from plots.charts import connection_memory
from plots.run_file import Run
from plots.tests import fixture
from plots.tests.drawing import drawn, legend_texts


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

    def test_without_a_bar_there_is_no_chart_but_a_reason(self):
        # A run of an earlier version has no slopes: no crash, every server named.
        experiment = ("idle", "idle ones", self.SERVERS, "idle_connections", (0, 100, 1000), None)
        run = fixture.make_run([(name, name) for name in self.SERVERS], (experiment,), {})
        del run["slopes"]
        self.assertNotIn("idle-per-connection", drawn(run))
        loaded = Run(run, "run.json")
        reason = connection_memory.why_empty(loaded, loaded.experiments[0])
        self.assertEqual(reason, "process, thread, select, epoll: the run has no such slope")

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


if __name__ == "__main__":
    unittest.main()
