"""Tests of captions: the workload, and the notes below a chart, which name every gap once."""

import unittest

from plots import captions, series
from plots.run_file import Run
from plots.tests import fixture
from plots.tests.drawing import drawn, legend_texts
from plots.tests.fixture_parts import load

ECHO = fixture.EXPERIMENTS[:1]


class Words(unittest.TestCase):
    def words(self, varied="connections", **keys):
        return captions.describe_workload({**self.asked, **keys}, varied)

    def setUp(self):
        self.asked = load([50_000] * 1000, rate=2000.0)["workload"]

    def test_an_open_loop_names_its_arrivals(self):
        # Would catch: bursts under the caption of single requests.
        self.assertIn("poisson arrivals at 2k requests/s", self.words())
        self.assertIn("bursts of 20 at 2k requests/s", self.words(arrival="bursts", burst_size=20))
        self.assertIn("bursts at 2k requests/s", self.words("burst_size", arrival="bursts", burst_size=20))
        self.assertIn("arrivals from a trace at 2k requests/s", self.words(arrival="trace"))
        ramp = {"from_per_s": 100, "to_per_s": 3000}
        self.assertIn("uniform arrivals at 100 to 3k requests/s", self.words(arrival="uniform", ramp=ramp))

    def test_a_swept_rate_is_omitted_but_bursts_are_not(self):
        self.assertNotIn("arrivals", self.words("rate"))
        self.assertIn(", bursts of 20, ", self.words("rate", arrival="bursts", burst_size=20))

    def test_a_mix_has_no_payload_of_its_own(self):
        words = self.words(mix=["1 name=a", "2 name=b"])
        self.assertIn("a mix of 2 classes of requests", words)
        self.assertNotIn("payload", words)


class Notes(unittest.TestCase):
    def test_lost_rounds_of_a_measured_cell_are_named(self):
        run = fixture.make_run(experiments=ECHO, gaps={})
        lost = fixture.bad_round("echo-closed/epoll/10", 5, "failed", "server died: signal 11")
        run["rounds"].append(lost)
        texts = legend_texts(drawn(run, "echo-closed-throughput")["echo-closed-throughput"])
        self.assertIn("epoll: 1 of 6 rounds failed at 10 (server died: signal 11)", texts)

    def test_cells_that_only_excludes_are_named(self):
        run = fixture.make_run(experiments=ECHO, gaps={})
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

    def test_percentiles_without_value_have_separate_notes(self):
        # p99 is missing at 1, p99.9 at 1 and 10: texts that differ only in digits.
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

    def test_the_same_reason_has_one_note(self):
        run = fixture.make_run(
            experiments=ECHO,
            gaps={("echo-closed", server, 2000): ("failed", "connect: timed out") for server in ("poll", "epoll")},
        )
        loaded = Run(run, "run.json")
        notes = series.notes(loaded, loaded.experiments[0], ())
        self.assertIn("poll, epoll: failed at 2,000 (connect: timed out)", [note.text() for note in notes])

    def test_uncompleted_requests_are_named_with_percentiles(self):
        texts = legend_texts(
            drawn(fixture.make_run(experiments=ECHO, gaps={}, uncompleted=3), "echo-closed-percentiles")["echo-closed-percentiles"]
        )
        self.assertTrue(any("failed or stayed unanswered" in text for text in texts), texts)


if __name__ == "__main__":
    unittest.main()
