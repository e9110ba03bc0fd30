"""Tests of what must agree within a result: sums, names, intervals, slopes (plots/consistency.py)."""

import copy
import unittest

from plots import validate
from plots.tests import fixture, verdict_test


def places(document):
    return [each.place for each in validate.findings(document, "test")]


class Consistency(unittest.TestCase):
    def broken(self, change):
        run = fixture.small_run()
        change(run)
        return places(run)

    def test_sums_and_names(self):
        def lose_a_request(run):
            run["rounds"][0]["load"]["requests"]["sent"] += 1

        def wrong_cell(run):
            run["rounds"][2]["cell"] = "echo-closed/epoll/7"

        def wrong_server(run):
            run["suite"]["experiments"][0]["servers"] = ["epol"]

        def twice(run):
            run["cells"][1]["id"] = run["cells"][0]["id"]

        self.assertEqual(self.broken(lose_a_request), ["$.rounds[0].load.requests"])
        self.assertIn("$.rounds[2].cell", self.broken(wrong_cell))
        self.assertEqual(self.broken(wrong_server), ["$.suite.experiments[0].servers[0]"])
        self.assertIn("$.cells[1]", self.broken(twice))

    def test_each_round_is_measured_once(self):
        # The bug: two programs in one directory measured each round twice, and the run was valid.
        def again(run):
            run["rounds"].append(copy.deepcopy(run["rounds"][0]))

        def too_many(run):
            run["rounds"][0]["block"] = run["suite"]["repetitions"]

        last = len(fixture.small_run()["rounds"])
        self.assertEqual(self.broken(again)[0], f"$.rounds[{last}]")
        self.assertEqual(self.broken(too_many)[0], "$.rounds[0].block")

    def test_histogram_must_agree_with_its_buckets(self):
        def response(run):
            return run["rounds"][0]["load"]["latency"]["response"]

        self.assertEqual(
            self.broken(lambda run: response(run).update(count=1)), ["$.rounds[0].load.latency.response.count"]
        )
        self.assertIn(
            "$.rounds[0].load.latency.response.percentiles.p50",
            self.broken(lambda run: response(run)["percentiles"].update({"p50": 1})),
        )
        self.assertEqual(
            self.broken(lambda run: response(run)["buckets"].reverse()),
            ["$.rounds[0].load.latency.response.buckets[1]"],
        )

        def off_the_grid(run):
            response(run)["buckets"][0][0] += 1  # buckets are wider than 1 ns there

        self.assertEqual(self.broken(off_the_grid), ["$.rounds[0].load.latency.response.buckets[0]"])

    def test_an_interval_holds_its_median(self):
        def above(run):
            run["summaries"][0]["low"] = 2 * run["summaries"][0]["high"]

        self.assertEqual(self.broken(above), ["$.summaries[0]"])


class Ratios(unittest.TestCase):
    def test_an_interval_holds_its_ratio(self):
        """Would catch: a chart that fails on an interval with one end."""
        run = fixture.interleave(fixture.make_run(), "echo-closed", control=100)
        self.assertEqual(places(run), [])
        verdict = verdict_test.verdicts(*verdict_test.USUAL)
        for change in ({"low": None}, {"high": None}, {"coverage": None}, {"low": 9e9}, {"ratio": None}):
            broken = copy.deepcopy(run)
            next(each for each in broken["ratios"] if each["low"]).update(change)
            self.assertRegex(" ".join(places(broken)), r"^\$\.ratios\[\d+\]$", change)
            for key in ("ratio", "control"):
                broken = copy.deepcopy(verdict)
                broken["metrics"][0][key].update(change)
                self.assertRegex(" ".join(places(broken)), rf"^\$\.metrics\[0\]\.{key}", change)

    def test_its_cell_exists(self):
        run = fixture.interleave(fixture.make_run(), "echo-closed")
        run["ratios"][0]["cell"] = "echo-closed/none/1"
        self.assertEqual(places(run), ["$.ratios[0].cell"])


class Slopes(unittest.TestCase):
    @staticmethod
    def make_run(change=lambda run: None):
        experiments = (("idle", "idle", ("epoll",), "idle_connections", (0, 100, 500), None),)
        run = fixture.make_run([("epoll", "epoll")], experiments, {})
        change(run)
        return run

    def test_null_needs_a_reason_and_noise_may_be_negative(self):
        def null(run):
            run["slopes"][0] |= {"median": None, "low": None, "high": None, "coverage": None}

        def negative(run):
            for one in run["rounds"]:
                one["machine"]["slab_bytes"] = -5
            run["slopes"] = []

        self.assertEqual(places(self.make_run(null)), ["$.slopes[0]"])
        self.assertEqual(places(self.make_run(negative)), [])

    def test_runs_of_earlier_versions_are_valid(self):
        def as_before(run):
            del run["slopes"]
            for one in run["rounds"]:
                del one["machine"]["slab_bytes"]
                del one["server"]["page_table_bytes"], one["server"]["kernel_stack_bytes"]

        self.assertEqual(places(self.make_run(as_before)), [])
