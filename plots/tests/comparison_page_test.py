"""Tests of the comparisons with other programs in docs/results.md, and of the claims about the generator."""

import unittest

from plots import comparison_page
from plots.tests.fixture_parts import comparison_document, figure, ratio, validation_document


def rows(*documents):
    (table,) = comparison_page.claims_table(documents)
    return table.splitlines()[2:]


class Origins(unittest.TestCase):
    # The bug: docs/results.md could not say when a comparison was measured, nor by which commit.
    def test_documents_of_one_origin_share_a_sentence(self):
        known = comparison_document()
        unknown = {"measured_at": None, "commit": None}
        self.assertEqual(
            list(comparison_page.format_origins([known, validation_document("stall"), validation_document("scale", **unknown)])),
            [
                "2026-03-14, commit 0123456789, Linux 6: 64-byte echo, 50 connections: the generator's own CPU; stall.",
                "Day not recorded, commit not recorded, Linux 6: scale.",
            ],
        )


class Claims(unittest.TestCase):
    def test_the_figure_nearest_to_its_bound_is_shown(self):
        (row,) = rows(
            validation_document(
                "stall",
                figure("p50 at 2,000/s", "ms", 0.02, 0.0, 0.0, 0.5),  # the best possible value, near its lower bound
                figure("p90 at 2,000/s", "ms", 2.5, 2.1, 1.6, 2.6),
                figure("max at 2,000/s", "ms", 101.0, 100.0, 97.0, 103.0),
            )
        )
        self.assertTrue(row.endswith("| 2.5 ms: p90 at 2,000/s, `epoll` | 1.6 to 2.6 ms | pass |"), row)

    def test_a_figure_that_fails_is_shown_before_all_others(self):
        (row,) = rows(
            validation_document("stall", figure("p90 at 2,000/s", "ms", 2.599, 2.1, 1.6, 2.6)),
            validation_document("stall", figure("p99 at 2,000/s", "ms", None, 90.0, 87.0, 93.0, False), driver="io-uring"),
        )
        self.assertIn("| \u2014: p99 at 2,000/s, `io-uring` | 87 to 93 ms | **fail**: 1 of 2 pass |", row)

    def test_bounds_on_one_side(self):
        (row,) = rows(
            validation_document(
                "open-loop",
                figure("sends within 100 us of their time, uniform", "share", 0.9995, low=0.999),
                figure("sends within 100 us of their time, poisson", "share", 0.998, low=0.999, holds=False),
            )
        )
        self.assertIn("| 0.998: sends within 100 us of their time, poisson, `epoll` | ≥ 0.999 | **fail**: 1", row)

    def test_a_figure_without_tolerance(self):
        none = figure("a server that drips bytes", "faults", 0, 0, 0, 0)
        two = figure("a server that resets", "faults", 2, 0, 0, 0, False)
        (row,) = rows(validation_document("fault-injection", none, two))
        self.assertIn("| 2 faults: a server that resets, `epoll` | = 0 faults | **fail**: 1 of 2 pass |", row)

    def test_a_figure_without_bounds_is_no_claim(self):
        validation = validation_document("interleaving", figure("A/A throughput, mean over 20 runs", "ratio", 1.004, 1.0))
        self.assertEqual(comparison_page.claims_table([validation]), [])

    def test_the_figure_of_the_minimal_program_is_shown(self):
        mine = figure("new connections per second", "1/s", 15000.0, low=25000.0, holds=False)
        minimal = figure("minimal-connector: new connections per second", "1/s", 21000.0)
        (row,) = rows(validation_document("scale", mine, minimal))
        self.assertIn("| 15,000/s: new connections per second, `epoll`; `minimal-connector`, a minimal", row)
        self.assertIn("program: 21,000/s | ≥ 25,000/s | **fail** |", row)

    def test_costs(self):
        epoll, uring = rows(comparison_document())
        self.assertIn("`fanin-load epoll` to `minimal-epoll-client` | 1.050 (0.900 to 1.200): 64-byte echo, 50", epoll)
        self.assertTrue(epoll.endswith("| ≤ 1.05 | pass |"), epoll)
        self.assertTrue(uring.endswith("| ≤ 0.95 | **fail** |"), uring)
        self.assertIn("; `minimal-uring-client`, which records nothing, has 0.750 (0.900 to 1.200) |", uring)
        self.assertNotIn("records nothing", epoll)

    def test_the_figure_of_the_minimal_recording_program_is_shown_too(self):
        names = ("fanin-load io-uring", "minimal-uring-client", "minimal-uring-client record")
        ratios = [ratio(name, "minimal-epoll-client", 0.9) for name in names]
        (row,) = rows(comparison_document(ratios=ratios))
        self.assertIn("; `minimal-uring-client`, which records nothing, has 0.900 (0.900 to 1.200)", row)
        self.assertIn("; `minimal-uring-client record`, which records as little as possible, has 0.900", row)

    def test_the_worst_driver_and_number_of_connections_are_shown(self):
        http = {"kind": "generator-http", "rows": []}
        one = [ratio("fanin-load epoll", "wrk", 0.7)]
        few = comparison_document(title="file, 50 connections: own CPU", ratios=one, **http)
        many = [ratio("fanin-load epoll", "wrk", 0.75), ratio("fanin-load io-uring", "wrk", 0.79), ratio("x", "wrk", 9)]
        (row,) = rows(few, comparison_document(title="file, 1000 connections: own CPU", ratios=many, **http))
        self.assertIn("| 0.790 (0.900 to 1.200): `fanin-load io-uring`, file, 1000 connections | ≤ 0.80 |", row)

    def test_every_figure_belongs_to_a_claim(self):
        """Would catch: a figure that is renamed in validation/ and disappears from docs/results.md."""
        from validation import validate_interleaving, validate_open_loop, validate_scale, validate_stall

        schedule = {
            "asked_rate_per_s": 1,
            "achieved_rate_per_s": 1,
            "tolerance_ns": 1e5,
            "within_tolerance_share": 1,
            "late_by_preemption_share": 0.0,
        }
        result = {"schedule": schedule, "generator": {"preemptions": None}}
        ratios = {key: {"estimate": 1, "low": 0.9, "high": 1.1} for key in validate_interleaving.kRatios}
        counts = ("established", "served", "failed", "idle_established", "idle_served", "idle_lost", "setup_ns")
        many = {
            "connections": dict.fromkeys(counts, 1),
            "requests": {"sent": 1, "completed": 1},
            "generator": {"max_rss_bytes": 1},
        }
        latency = {"latency": {"response": {"max": 1, "percentiles": dict.fromkeys(validate_stall.kPercentiles, 1)}}}
        for kind, made in (
            ("open-loop", validate_open_loop.schedule_figures(result, "uniform", "1 connection")),
            ("open-loop", validate_open_loop.gap_figures({"1 connection": [[1, 1]], "1,000 connections": [[1, 1]]})),
            ("interleaving", validate_interleaving.a_a_figures([ratios, ratios]) + validate_interleaving.a_b_figures(ratios)),
            ("stall", validate_stall.figures([latency], 2000, 100000)),
            ("scale", validate_scale.figures(many, many, 1000)),
        ):
            bounded = [each for each in made if (each["low"], each["high"]) != (None, None)]
            found = list(comparison_page.find_figures(validation_document(kind, *made)))
            self.assertEqual(len(found), len(bounded), kind)


class Page(unittest.TestCase):
    def test_a_row_for_each_program_and_a_column_for_each_baseline(self):
        lines = "\n".join(comparison_page.sections([comparison_document()])).splitlines()
        (head,) = (line for line in lines if line.startswith("| 64-byte echo"))
        self.assertIn("| to `minimal-epoll-client`, 4.00 \u00b5s | to `minimal-uring-client`, 3.00 \u00b5s |", head)
        self.assertIn("| `fanin-load epoll` | 4.20 \u00b5s | 1.050 (0.900 to 1.200) | 1.400 (0.900 to 1.200) |", lines)
        self.assertIn("| `minimal-uring-client` | 3.00 \u00b5s | 0.750 (0.900 to 1.200) |  |", lines)

    def test_a_figure_that_fails_is_marked(self):
        document = validation_document(
            "stall",
            figure("p99 at 2,000/s", "ms", 90.7, 90.2, 87.5, 92.9),
            figure("p99 at 9/s", "ms", None, 90.2, 87.5, 92.9, False),
            figure("words", "count", 1, low=1),
            notes=["the machine stalled"],
        )
        page = "\n".join(comparison_page.sections([document]))
        self.assertIn("| p99 at 2,000/s | 90.7 ms | 90.2 ms | 87.5 to 92.9 ms | pass |", page)
        self.assertIn("| p99 at 9/s | \u2014 | 90.2 ms | 87.5 to 92.9 ms | **fail** |", page)
        self.assertIn("| words | 1 | \u2014 | ≥ 1 | pass |", page)
        self.assertIn("- the machine stalled", page)


if __name__ == "__main__":
    unittest.main()
