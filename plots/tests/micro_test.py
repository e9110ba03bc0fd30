"""Tests of the charts of micro-benchmarks."""

import io
import json
import tempfile
import unittest
from contextlib import redirect_stdout
from pathlib import Path

from plots import __main__ as program
from plots.charts import micro
from plots.json_file import InputError
from plots.style import StyleBook
from plots.tests import fixture_parts
from plots.tests.drawing import assert_nothing_overlaps, labelled_lines, legend_texts


class Micro(unittest.TestCase):
    def load(self, document):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "micro.json"
            path.write_text(json.dumps(document), encoding="utf-8")
            return micro.load_micro(path)

    def test_median_in_nanoseconds_over_repetitions(self):
        _, costs = self.load(fixture_parts.make_micro())
        cost = next(each for each in costs if (each.name, each.n, each.panel) == ("poll", 1000, "10 active"))
        base = 470 + 52 * 1000 + 60 * 10
        self.assertAlmostEqual(cost.median, base * 1.03)
        self.assertAlmostEqual(cost.high, base * 1.06)
        mod = next(each for each in costs if each.name == "epoll_ctl/mod")
        self.assertAlmostEqual(mod.median, 310.0)  # given as 0.31 us

    def test_calls_look_like_the_models_that_use_them(self):
        figures = micro.draw_all(*self.load(fixture_parts.make_micro()))
        self.assertEqual(set(figures), {"micro-wait", "micro-cost"})
        colours = {line.get_label(): line.get_color() for line in labelled_lines(figures["micro-wait"])}
        book = StyleBook([("epoll", "epoll"), ("select", "select"), ("poll", "poll")])
        self.assertEqual(
            colours, {"epoll_wait": book["epoll"].colour, "select": book["select"].colour, "poll": book["poll"].colour}
        )
        self.assertIn(
            "select: not run at N = 10,000 (an fd_set holds 1024 descriptors)", legend_texts(figures["micro-wait"])
        )

    def make_swept(self, names, values):
        entry = {"run_type": "iteration", "real_time": 100.0, "time_unit": "ns"}
        keys = [f"lookup/{name}/n:{value}" for name in names for value in values]
        return {"context": {}, "benchmarks": [entry | {"name": key, "run_name": key} for key in keys]}

    def test_a_panel_has_at_most_five_ribbons(self):
        """Would catch: ribbons over each other, one grey area."""
        for count, ribbons, word in ((5, 5, "ribbons"), (6, 0, "bars")):
            document = self.make_swept([f"call-{index}" for index in range(count)], (1, 10))
            figure = micro.draw_all(*self.load(document))["micro-lookup"]
            self.assertEqual(len(figure.axes[0].collections), ribbons)
            self.assertIn(f"{word}: minimum to maximum", figure.texts[-1].get_text())

    def test_one_value_of_n_is_a_dot_plot(self):
        document = self.make_swept(["coroutine", "fiber"], (100,))
        figures = micro.draw_all(*self.load(document))
        self.assertEqual(set(figures), {"micro-cost"})
        names = [label.get_text() for label in figures["micro-cost"].axes[0].get_yticklabels()]
        self.assertEqual(names, ["lookup/coroutine, N = 100", "lookup/fiber, N = 100"])

    def test_costs_of_switches_have_a_chart_of_their_own(self):
        """Would catch: the switches are lost among all other calls, in the random order of interleaved repetitions."""
        names = ("switch/thread/futex/cpus:1/real_time", "switch/fiber", "switch/thread/futex/cpus:2/real_time", "clock/now")
        entries = [
            {"name": name, "run_name": name, "run_type": "iteration", "real_time": time, "time_unit": "ns"}
            for name, time in zip(names, (2000.0, 10.0, 9000.0, 20.0))
        ]
        figures = micro.draw_all(*self.load({"context": {}, "benchmarks": entries}))
        self.assertEqual(set(figures), {"micro-switch", "micro-cost"})
        assert_nothing_overlaps(self, "micro-switch", figures["micro-switch"])
        axes = figures["micro-switch"].axes[0]
        rows = [label.get_text() for label in axes.get_yticklabels()]
        self.assertEqual(rows, ["fiber", "thread/futex, 1 CPU", "thread/futex, 2 CPUs"])
        book = StyleBook([("fiber", "fiber"), ("thread", "thread")])
        colours = [line.get_color() for line in axes.lines]
        self.assertEqual(colours, [book["fiber"].colour, book["thread"].colour, book["thread"].colour])

    def test_the_program_draws_a_file_on_its_own(self):
        """Would catch: micro-benchmarks can be drawn only with a run."""
        out = io.StringIO()
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "calls.json")
            path.write_text(json.dumps(fixture_parts.make_micro()), encoding="utf-8")
            with redirect_stdout(out):
                self.assertEqual(program.main([str(path)]), 0)
            written = [Path(line).name for line in out.getvalue().splitlines()]
        self.assertEqual(written, ["calls-wait.png", "calls-wait.svg", "calls-cost.png", "calls-cost.svg"])

    def test_steps_of_tasks_are_swept_over_their_loops(self):
        entries = [
            {"name": name, "run_name": name, "run_type": "iteration", "real_time": 5.0 * loops, "time_unit": "ns"}
            for loops in (10, 100)
            for name in (f"tasks/serial/loops:{loops}/real_time", f"tasks/thread/loops:{loops}/real_time")
        ]
        figures = micro.draw_all(*self.load({"context": {}, "benchmarks": entries}))
        self.assertEqual(set(figures), {"micro-tasks"})
        self.assertEqual(figures["micro-tasks"].axes[0].get_xlabel(), "loops of a step")
        self.assertEqual({line.get_label() for line in labelled_lines(figures["micro-tasks"])}, {"serial", "thread"})

    def test_names_of_benchmarks(self):
        # Labels keep the parts of a name that identify a benchmark, and omit what the library appends.
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
            [(each.group, each.name, each.n, each.panel, each.median) for each in costs],
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


if __name__ == "__main__":
    unittest.main()
