"""Tests of the chart of verdicts: the position, colour and figures of every comparison, and what it says about gaps."""

import io
import json
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from matplotlib.colors import to_hex

from plots import __main__ as program, dot_plot, style, verdict
from plots.json_file import InputError
from plots.tests.drawing import assert_nothing_overlaps, legend_texts
from plots.tests.fixture_parts import environment
from plots.tests.unusual_runs_test import HOSTILE, random_texts
from plots.validate import findings


def estimate(ratio, low=None, high=None):
    return {"ratio": ratio, "low": low, "high": high, "coverage": None if low is None else 0.99}


def comparison(cell="echo/epoll/50", metric="server_cpu_per_request_ns", found="undecided", **change):
    made = {
        "cell": cell,
        "metric": metric,
        "unit": "1/s" if metric.endswith("per_s") else "ns",
        "better": "higher" if metric.endswith("per_s") else "lower",
        "band": 0.01,
        "base": 5000.0,
        "new": 5100.0,
        "ratio": estimate(1.02, 1.004, 1.03),
        "verdict": found,
        "units": 12,
        "smallest_effect": 0.016,
        "control": estimate(1.001, 0.995, 1.006),
        "control_failed": False,
        "reason": None,
        "log_ratios": [0.02],
        "control_log_ratios": [0.001],
    }
    return made | change


USUAL = (
    comparison(metric="throughput_per_s", found="equivalent", ratio=estimate(1.0, 0.995, 1.005)),
    comparison(found="worse", ratio=estimate(1.031, 1.02, 1.04)),
    comparison("echo/poll/50", found="better", ratio=estimate(0.7, 0.65, 0.75)),
    comparison("echo/select/50"),
    comparison("echo/thread/50", control_failed=True, control=estimate(1.05, 1.04, 1.06), reason="the control is outside"),
    comparison("echo/fiber/50", ratio=None, control=None, smallest_effect=None, reason="no unit has both"),
    comparison("echo/process/50", ratio=estimate(1.5), control=estimate(1.01)),
)


def verdicts(*metrics, **change):
    made = {
        "schema": "fanin-verdict",
        "schema_version": 1,
        "kind": "ab",
        "base": "build/base",
        "new": "build/new",
        "result": "regression: 1 better, 1 worse, 1 equivalent, 3 undecided",
        "exit_code": 1,
        "strict": False,
        "counts": {"better": 1, "worse": 1, "equivalent": 1, "undecided": 3, "void": 1},
        "metrics": list(metrics),
        "faults": [],
        "obstacles": [],
        "notes": [],
        "differences": [],
        "procedure": {"method": "made up", "error_rate": 0.01, "looks": [6, 12], "false_alarms": "not measured"},
        "environment": environment(),
    }
    return made | change


def column(axes, row):
    """The texts of a row, from left to right."""
    found = [text for text in axes.texts if text.get_position()[1] == row]
    return [text.get_text() for text in sorted(found, key=lambda text: text.get_position()[0])]


class Changes(unittest.TestCase):
    def test_texts(self):
        """Would catch: +0.0 %, -0.0 %, and a tenfold cost that reads as +900.0 %."""
        for ratio, text in (
            (1, "0.0 %"),
            (1.0004, "0.0 %"),
            (0.9996, "0.0 %"),
            (0.999, "\u22120.1 %"),
            (1.999, "+99.9 %"),
            (2, "+100 %"),
            (9.94, "+894 %"),
            (10, "\u00d710"),
            (12_500, "\u00d712.5k"),
            (0.0001, "\u2212100.0 %"),
        ):
            self.assertEqual(dot_plot.format_change(ratio), text)
        self.assertEqual(dot_plot.format_change(1.00123, 2), "+0.12 %")

    def test_the_axis_is_symmetric_in_the_ratio(self):
        for ratio in (1.001, 1.02, 3.0, 1e4):
            self.assertAlmostEqual(dot_plot.place(ratio), -dot_plot.place(1 / ratio))


class Verdicts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.figure = verdict.draw(verdicts(*USUAL))
        (cls.axes,) = cls.figure.axes
        cls.names = [label.get_text() for label in cls.axes.get_yticklabels()]

    def test_the_fixture_is_valid(self):
        self.assertEqual(findings(verdicts(*USUAL), "test"), [])

    def test_rows_are_grouped_by_metric(self):
        cells = [each["cell"] for each in USUAL[1:]]
        self.assertEqual(self.names, ["throughput", "echo/epoll/50", "server CPU per request", *cells])

    def test_each_row_has_its_figures(self):
        self.assertEqual(column(self.axes, 1), ["0.00 %", "1.6 %", "equivalent"])
        self.assertEqual(column(self.axes, 3), ["+3.10 %", "1.6 %", "worse"])
        self.assertEqual(column(self.axes, 4), ["\u221230.00 %", "1.6 %", "better"])
        self.assertEqual(column(self.axes, 6)[-1], "void")
        self.assertEqual(column(self.axes, 7), ["no ratio", "\u2013", "undecided"])

    def test_the_colour_is_that_of_the_verdict_at_the_ratio(self):
        found = {line.get_label(): line for line in self.axes.get_lines() if not line.get_label().startswith("_")}
        self.assertEqual(set(found), {"worse", "better", "equivalent", "undecided", "void"})
        for name, line in found.items():
            self.assertEqual(to_hex(line.get_color()), style.VERDICTS[name]["color"])
        self.assertAlmostEqual(found["worse"].get_xdata()[0], dot_plot.place(1.031))

    def test_controls_are_grey_below_the_ratio(self):
        grey = [line for line in self.axes.get_lines() if line.get_marker() == "|"]
        controls = [each["control"]["ratio"] for each in USUAL if each["control"]]
        self.assertEqual([line.get_xdata()[0] for line in grey], [dot_plot.place(each) for each in controls])
        self.assertTrue(all(0 < line.get_ydata()[0] % 1 < 0.5 for line in grey))

    def test_each_comparison_has_its_band(self):
        """Would catch: one band for metrics with bands of their own."""
        wide = verdict.draw(verdicts(comparison(band=0.1), comparison("other")))
        ends = [band.get_paths()[0].vertices[:, 0].max() for band in wide.axes[0].collections]
        self.assertEqual(ends, [dot_plot.place(1.1), dot_plot.place(1.01)])

    def test_captions(self):
        words = " ".join(text.get_text() for text in self.figure.texts)
        for text in ("build/new compared with build/base", "REGRESSION", "12 units", "Fixture CPU", "false alarms: not measured"):
            self.assertIn(text, words)
        self.assertIn("echo/fiber/50, server_cpu_per_request_ns: no unit has both", legend_texts(self.figure))
        self.assertIn("void: the control is outside the band", legend_texts(self.figure))

    def test_what_is_wrong_is_named(self):
        """Would catch: a chart of a failed session that looks sound."""
        fault = {"cell": "echo/poll/50", "status": "failed", "reason": "signal 11"}
        document = verdicts(*USUAL[:2], faults=[fault], obstacles=["another CPU"], differences=["kernel"], notes=["a note"])
        figure = verdict.draw(document | {"exit_code": 5})
        self.assertIn("FAILED", [text.get_text() for text in figure.texts])
        texts = legend_texts(figure)
        for text in ("echo/poll/50: failed: signal 11", "not comparable: another CPU", "the environments differ: kernel", "a note"):
            self.assertIn(text, texts)

    def test_of_too_many_comparisons_the_worst_are_drawn(self):
        many = [comparison(f"echo/epoll/{number}", found="equivalent") for number in range(300)]
        many[250]["verdict"] = "worse"
        figure = verdict.draw(verdicts(*many, notes=[f"note {number}" for number in range(40)]))
        names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
        self.assertEqual(len(names), 1 + verdict.MAX_ROWS)
        self.assertIn("echo/epoll/250", names)
        self.assertIn("220 more comparisons are not drawn", legend_texts(figure))
        self.assertIn("29 more lines are in the file", legend_texts(figure))
        assert_nothing_overlaps(self, "many", figure)

    def test_hostile_text(self):
        for text in (*HOSTILE, *random_texts(3)):
            with self.subTest(text=text[:80]):
                some = text or " "
                metrics = [comparison(some, metric, reason=text) for metric in ("throughput_per_s", some)]
                document = verdicts(*metrics, base=text, new=text, result=some, notes=[text], differences=[text])
                document["faults"] = [{"cell": some, "status": "failed", "reason": text}]
                assert_nothing_overlaps(self, "hostile", verdict.draw(document))

    def test_nothing_overlaps(self):
        wide = comparison("experiment-with-a-long-name/io-uring-multishot/100000 (to epoll)", ratio=estimate(80, 0.02, 4e5))
        for document in (verdicts(*USUAL), verdicts(USUAL[0]), verdicts(wide), verdicts(comparison(ratio=None, control=None))):
            assert_nothing_overlaps(self, "verdict", verdict.draw(document))


class Program(unittest.TestCase):
    def run_program(self, document, *arguments):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "found.json"
            path.write_text(json.dumps(document), encoding="utf-8")
            out, errors = io.StringIO(), io.StringIO()
            with redirect_stdout(out), redirect_stderr(errors):
                code = program.main([str(path), *arguments])
            return code, [Path(line).name for line in out.getvalue().splitlines()], errors.getvalue()

    def test_writes_the_chart_next_to_the_file(self):
        self.assertEqual(self.run_program(verdicts(*USUAL)), (0, ["found-verdict.png", "found-verdict.svg"], ""))

    def test_other_files_are_refused(self):
        """Would catch: an empty chart."""
        broken = verdicts(*USUAL)
        del broken["procedure"]
        code, written, errors = self.run_program(broken)
        self.assertEqual((code, written, errors.count("\n")), (2, [], 1))
        self.assertIn('there is no key "procedure"', errors)
        with self.assertRaises(InputError):
            verdict.load(Path("none.json"))

    def test_without_a_comparison_there_is_no_chart(self):
        """The bug: a workflow's step Report ended with 2 since every cell had failed, and took any 2 for that later."""
        code, written, errors = self.run_program(verdicts(result="failed: 1 cell"))
        self.assertEqual((code, written, errors.count("\n")), (0, [], 1))
        self.assertTrue(errors.endswith("holds no comparison: failed: 1 cell\n"), errors)

    def test_micro_benchmarks_belong_to_a_run(self):
        """Would catch: an option that is ignored."""
        code, _, errors = self.run_program(verdicts(*USUAL), "--micro", "micro.json")
        self.assertEqual((code, errors), (2, "plots: --micro belongs to the charts of a run: leave it out\n"))


if __name__ == "__main__":
    unittest.main()
