"""Tests of the charts of micro-benchmarks."""

import json
import tempfile
import unittest
from pathlib import Path

from plots.charts import micro
from plots.json_file import InputError
from plots.style import StyleBook
from plots.tests import fixture_parts
from plots.tests.drawing import legend_texts, labelled_lines


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
