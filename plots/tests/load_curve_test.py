"""Tests of the latency-versus-load chart: the position of every point, and marks of invalid results."""

import io
import json
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from plots import __main__ as program, load_curve
from plots.tests import fixture_parts
from plots.tests.drawing import assert_nothing_overlaps, legend_texts
from plots.validate import findings

LATE = "only 40.00 % of the requests left within 100 us of their time"


def result(rate, milliseconds, invalid=None):
    """A run at `rate`, whose requests all take this long; an invalid run achieves half of the rate."""
    samples = [round(milliseconds * 1e6)] * 2000
    document = fixture_parts.load(samples, rate=rate)
    document["throughput"]["requests_per_s"] = rate * (0.5 if invalid else 1.0)
    if invalid:
        document["verdict"] = {"status": "invalid", "reasons": [{"code": "late-sends", "text": invalid}]}
    return document


def with_warning(run, code, text):
    run["verdict"] = {"status": "warning", "reasons": [{"code": code, "text": text}]}
    return run


def sweep(points, parameter="rate", ceiling=True):
    return {
        "schema": "fanin-load-sweep",
        "schema_version": 2,
        "version": "0.1.0",
        "started_at": fixture_parts.TIME,
        "parameter": {"name": parameter, "unit": "1/s"},
        "interrupted": False,
        "ceiling": fixture_parts.load([100_000] * 2000) if ceiling else None,
        "points": [
            {"value": value, "text": str(value), "reason": None if run else "no connection came up", "result": run}
            for value, run in points
        ],
    }


def usual():
    return sweep([(1000, result(1000, 1)), (2000, result(2000, 3)), (4000, result(4000, 50, LATE)), (5000, None)])


class LoadCurve(unittest.TestCase):
    def test_the_fixture_is_valid(self):
        self.assertEqual(findings(usual(), "test"), [])

    def test_percentiles_are_drawn_over_the_achieved_rate(self):
        latency, rates = load_curve.draw(usual()).axes
        lines = {line.get_label(): line for line in latency.get_lines()}
        self.assertEqual(list(lines["p99"].get_xdata()), [1000, 2000, 2000])
        self.assertEqual(len(lines["p50"].get_ydata()), 3)
        self.assertGreater(lines["p50"].get_ydata()[1], 2.9e6)
        achieved = [line for line in rates.get_lines() if list(line.get_xdata()) == [1000, 2000, 4000]]
        self.assertEqual(list(achieved[0].get_ydata()), [1000, 2000, 2000])

    def test_a_percentile_without_enough_samples_is_a_gap(self):
        latency, _ = load_curve.draw(usual()).axes
        line = next(line for line in latency.get_lines() if line.get_label() == "p99.9")
        self.assertTrue(all(value != value for value in line.get_ydata()))  # NaN

    def test_invalid_points_are_crossed_out_and_their_reasons_are_named(self):
        figure = load_curve.draw(usual())
        crosses = [line for line in figure.axes[0].get_lines() if line.get_marker() == "x"]
        self.assertEqual([list(line.get_xdata()) for line in crosses], [[2000]] * 3)
        texts = legend_texts(figure)
        self.assertIn("4,000/s: invalid: late-sends", texts)
        self.assertIn(f"late-sends: {LATE}", texts)
        self.assertIn("5,000/s: no run: no connection came up", texts)
        self.assertIn("invalid run", texts)

    def test_warnings_are_marked_and_their_reasons_are_named(self):
        """The bug: a curve whose points had warnings looked like one of valid points."""
        warned = with_warning(result(2000, 3), "busy-machine", "other programs used 1.5 CPUs")
        figure = load_curve.draw(sweep([(1000, result(1000, 1)), (2000, warned), (4000, result(4000, 50, LATE))]))
        rings = [line for line in figure.axes[0].get_lines() if line.get_fillstyle() == "none"]
        self.assertEqual([list(line.get_xdata()) for line in rings], [[2000]] * 3)
        texts = legend_texts(figure)
        self.assertIn("2,000/s: warning: busy-machine", texts)
        self.assertIn("busy-machine: other programs used 1.5 CPUs", texts)
        self.assertIn("run with a warning", texts)
        footer = " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
        self.assertIn("verdicts: 1 valid, 1 warning, 1 invalid", footer)

    def test_a_ceiling_beyond_the_axes_is_only_in_the_footer(self):
        """The bug: the legend had a line that no panel showed."""
        document = usual()
        self.assertIn("closed loop", legend_texts(load_curve.draw(document)))
        document["ceiling"]["throughput"]["requests_per_s"] = 1e6
        figure = load_curve.draw(document)
        self.assertNotIn("closed loop", legend_texts(figure))
        self.assertIn("closed loop: 1M requests/s", " ".join(text.get_text() for text in figure.texts).replace("\n", " "))

    def test_a_run_whose_window_never_opened_has_no_point(self):
        """Would catch: a rate of 0 for a run without one."""
        document = usual()
        document["points"][0]["result"]["throughput"]["requests_per_s"] = None
        document["points"][0]["result"]["verdict"] = {"status": "invalid", "reasons": [{"code": "unreachable", "text": "no connection came up"}]}
        document["ceiling"]["throughput"]["requests_per_s"] = None
        figure = load_curve.draw(document)
        lines = {line.get_label(): line for line in figure.axes[0].get_lines()}
        self.assertEqual(list(lines["p99"].get_xdata()), [2000, 2000])
        self.assertIn("1,000/s: invalid: unreachable", legend_texts(figure))

    def test_nothing_overlaps(self):
        many = [(1000 * (i + 1), result(1000 * (i + 1), i + 1, f"{LATE}, {i}")) for i in range(9)]
        for document in (usual(), sweep(many, ceiling=False)):
            assert_nothing_overlaps(self, "load-curve", load_curve.draw(document))

    def run_program(self, document):
        out, errors = io.StringIO(), io.StringIO()
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "sweep.json")
            path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
            with redirect_stdout(out), redirect_stderr(errors):
                code = program.main([str(path), "--out", str(Path(directory, "charts"))])
            return code, [Path(line).read_bytes()[:4] for line in out.getvalue().splitlines()], errors.getvalue()

    def test_the_program_writes_both_pictures(self):
        code, begins, errors = self.run_program(usual())
        self.assertEqual((code, errors), (0, ""))
        self.assertEqual(begins, [b"\x89PNG", b"<?xm"])

    def test_bad_input_is_one_line_and_exit_code_2(self):
        for document, said in (
            (sweep([(1, result(1, 1))], parameter="connections"), "is a sweep of connections"),
            (sweep([]), "has no result"),
            (sweep([(5000, None)]), "has no result"),
            (fixture_parts.load([1] * 2000), "of which there is no chart"),
            ({"schema": "fanin-load-sweep"}, "$.schema_version"),
            ("{", "not JSON"),
        ):
            with self.subTest(said):
                code, _, errors = self.run_program(document)
                self.assertEqual(code, 2)
                self.assertEqual(errors.count("\n"), 1, errors)
                self.assertIn(said, errors)


if __name__ == "__main__":
    unittest.main()
