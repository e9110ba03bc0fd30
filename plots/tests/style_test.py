"""Tests of colours, markers and lines of servers, of number formats, and of captions, which name every gap once."""

import itertools
import unittest

import numpy

from plots import captions, report, series, ticks
from plots.run_file import Run
from plots.style import FAMILIES, MODELS, StyleBook
from plots.tests import fixture
from plots.tests.drawing import drawn, legend_texts
from plots.tests.fixture_parts import load

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
DEFICIENCIES = {
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
}


def lab(colour, matrix):
    """CIE L*a*b* of a colour with the deficiency."""
    rgb = numpy.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = numpy.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = numpy.clip(numpy.array(matrix) @ linear, 0, 1)
    xyz = (
        numpy.array(((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505)))
        @ seen
        / (0.9505, 1, 1.089)
    )
    f = numpy.where(xyz > 0.008856, numpy.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return numpy.array((116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])))


def make_book(*names):
    return StyleBook([(name, name if name in MODELS else None) for name in names])


class Styles(unittest.TestCase):
    def test_no_two_models_share_marker_and_line(self):
        # Print without colour shows only the pair.
        pairs = [(marker, line) for _, marker, line, _ in MODELS.values()]
        self.assertEqual(len(pairs), len(set(pairs)))

    def test_no_two_models_share_colour_and_marker(self):
        # Would catch: points of two lines that look alike.
        pairs = [(family, marker) for family, marker, *_ in MODELS.values()]
        self.assertEqual(len(pairs), len(set(pairs)))
        self.assertEqual(len(set(FAMILIES.values())), len(FAMILIES))

    def test_the_five_first_models_differ_in_everything(self):
        book = make_book("process", "thread", "select", "poll", "epoll")
        looks = [book[name] for name in ("process", "thread", "select", "poll", "epoll")]
        for of in ("colour", "marker", "line"):
            self.assertEqual(len({getattr(look, of) for look in looks}), 5, of)

    def test_colours_differ_with_a_colour_deficiency(self):
        # A distance of 10 is clearly visible; the five most frequent models must reach it.
        colours = [FAMILIES[name] for name in ("process", "thread", "select", "poll", "epoll")]
        for name, matrix in DEFICIENCIES.items():
            for first, second in itertools.combinations(colours, 2):
                distance = numpy.linalg.norm(lab(first, matrix) - lab(second, matrix))
                self.assertGreater(distance, 10, f"{name}: {first} {second}")

    def test_style_does_not_depend_on_other_servers(self):
        # A model looks the same among three and among twenty, in any order.
        alone = {name: make_book(name)[name] for name in [*MODELS, "nginx"]}
        together = make_book(*reversed([*MODELS, "nginx"]))
        for name, look in alone.items():
            self.assertEqual(look, together[name])

    def test_servers_under_their_own_names(self):
        # Variants have the colour of their family, other servers are black; all differ.
        names = (
            [(f"epoll-cap-{size}", "epoll") for size in range(10)]
            + [(f"mine-{i}", None) for i in range(10)]
            + [("epoll", "epoll")]
        )
        book = StyleBook(names)
        self.assertEqual(book["epoll-cap-3"].colour, book["epoll"].colour)
        self.assertEqual(book["mine-1"].family, "external")
        # A model that is not in the table does not look like another server.
        self.assertEqual(StyleBook([("epoll-new", "epoll-new")])["epoll-new"].family, "epoll")
        self.assertEqual(StyleBook([("novel", "novel")])["novel"].family, "other")
        looks = [(book[name].colour, book[name].marker, book[name].line) for name, _ in names]
        self.assertEqual(len(looks), len(set(looks)))
        # The order in the suite does not matter, even for names with the same hash.
        backwards = StyleBook(list(reversed(names)))
        self.assertEqual([book[name] for name, _ in names], [backwards[name] for name, _ in names])
        pairs = {(marker, line) for _, marker, line, _ in MODELS.values()}
        self.assertFalse(pairs & {look[1:] for look in looks[:-1]}, "a spare style is some model's own")


class Numbers(unittest.TestCase):
    def test_readable(self):
        self.assertEqual(
            [ticks.count(v) for v in (1, 950, 999.7, 1000, 12_500, 1e6)], ["1", "950", "1k", "1k", "12.5k", "1M"]
        )
        self.assertEqual(
            [ticks.duration(v) for v in (850, 5000, 12.5e6, 2e9)], ["850 ns", "5 \u00b5s", "12.5 ms", "2 s"]
        )
        self.assertEqual([ticks.size(v) for v in (512, 12 << 20, 3 << 29)], ["512 B", "12 MiB", "1.5 GiB"])
        self.assertEqual([ticks.exact(v) for v in (0, 10000, 0.5)], ["0", "10,000", "0.5"])

    def test_a_narrow_range_still_has_ticks(self):
        # matplotlib's logarithmic ticks give an axis from 11k to 40k a single label.
        for low, high, base in (
            (11e3, 44e3, 10),
            (1.01, 4.1, 10),
            (3e5, 9e9, 10),
            (900 << 10, 4 << 20, 1024),
            (1 << 20, 1 << 30, 1024),
        ):
            places = ticks.log_ticks(low, high, base)
            self.assertGreaterEqual(len(places), 3)
            self.assertLessEqual(len(places), 12)
            self.assertTrue(all(low <= place <= high for place in places))


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
        by_connection = self.words(mix=["1 name=a", "2 name=b"], mix_by_connection=True)
        self.assertIn("a mix of 2 classes of connections", by_connection)

    def test_clients_that_die_are_named(self):
        """Would catch: a chart of a server among resets under the caption of one without."""
        self.assertIn("100 aborted connections/s", self.words(aborts_per_s=100.0))
        self.assertNotIn("aborted", self.words("aborts", aborts_per_s=100.0))


class Notes(unittest.TestCase):
    def test_lost_rounds_of_a_measured_cell_are_named(self):
        run = fixture.make_run(experiments=ECHO, gaps={})
        lost = fixture.bad_round("echo-closed/epoll/10", 5, "failed", "server died: signal 11")
        run["rounds"].append(lost)
        texts = legend_texts(drawn(run, "echo-closed-throughput")["echo-closed-throughput"])
        self.assertIn("epoll: 1 of 6 rounds failed at 10 (server died: signal 11)", texts)

    def disturb(self, share):
        """A run whose first rounds, this share, were disturbed."""
        run = fixture.make_run(experiments=ECHO, gaps={})
        for one in run["rounds"][: round(share * len(run["rounds"]))]:
            reason = {"code": "busy-machine", "text": "the generator waited for a CPU for 20 % of the window"}
            one["load"]["verdict"] = {"status": "warning", "reasons": [reason]}
        return run

    def test_disturbed_rounds_are_counted_in_every_chart(self):
        """Would catch: a chart of a busy machine that looks like one of a quiet machine."""
        count = len(self.disturb(0)["rounds"])
        for share, alarm in ((0.1, False), (0.6, True)):
            run = self.disturb(share)
            for stem, figure in drawn(run).items():
                texts = [" ".join(text.get_text().split()) for text in figure.texts]
                self.assertIn(f"{round(share * count)} of {count} rounds disturbed by other programs", texts[-1] + texts[-2], stem)
                self.assertEqual("BUSY MACHINE" in texts, alarm, stem)
            self.assertTrue(any("(busy-machine)" in each for each in report.contents(Run(run, "run.json"), [])["caveats"]))
        self.assertFalse(any("disturbed" in text.get_text() for figure in drawn(self.disturb(0)).values() for text in figure.texts))

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
