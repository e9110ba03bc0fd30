"""Tests of the schemas: refusals, and the place in a message."""

import copy
import unittest
from pathlib import Path
from unittest import mock

from plots import document, validate
from plots.document import schema_findings
from plots.tests import fixture

ROOT = Path(__file__).resolve().parents[2]


def places(document):
    return [each.place for each in validate.findings(document, "test")]


def paths_of_keys(value, path=()):
    """The path of every key below `value`; of a list only the first item."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key)
            yield from paths_of_keys(item, (*path, key))
    elif isinstance(value, list) and value:
        yield from paths_of_keys(value[0], (*path, 0))


def without(document, path):
    document = copy.deepcopy(document)
    parent = document
    for step in path[:-1]:
        parent = parent[step]
    del parent[path[-1]]
    return document


# Keys that the data dictionary calls optional, and objects that hold counts by kind.
OPTIONAL = {
    "description",
    "seed",
    "duration",
    "warmup",
    "args",
    "title",
    "payload_bytes",
    "rate_per_s",
    "arrival",
    "hypervisor",
    "would_block",
    "events_per_wait",
    "uncompleted_from",
    "reason",
    "page_table_bytes",
    "kernel_stack_bytes",
    "slab_bytes",
    "slopes",
    "completed_in_window",
}
OPEN = {"netstat", "unreadable", "errors"}


class Schemas(unittest.TestCase):
    def test_fixture_and_shipped_suites_are_valid(self):
        # Otherwise the other tests would pass for the wrong reason.
        self.assertEqual(validate.findings(fixture.make_run(), "fixture"), [])
        suites = sorted((ROOT / "harness" / "suites").glob("*.json"))
        self.assertTrue(suites)
        for path in suites:
            self.assertEqual(validate.check(path, 10), [], path.name)

    def test_a_missing_key_is_named(self):
        # Would catch: a key that is missing in "required", so that a chart fails or shows nothing.
        run = fixture.small_run()
        run["rounds"], run["summaries"], run["cells"] = run["rounds"][:1], run["summaries"][:1], run["cells"][:1]
        tried = 0
        for path in paths_of_keys(run):
            if path[-1] in OPTIONAL - ({"seed"} if path == ("seed",) else set()) and path[0] in (
                "suite",
                "environment",
                "rounds",
                "summaries",
                "slopes",
            ):
                continue
            if OPEN & set(map(str, path[:-1])) or "counters" in path[:-1]:
                continue
            found = schema_findings(without(run, path), "fanin-run")
            self.assertTrue(
                any(f'"{path[-1]}"' in each.message for each in found), f"{path} is not required: {found}"
            )
            tried += 1
        self.assertGreater(tried, 150)

    def test_unknown_key_is_refused_with_its_name(self):
        # Would catch: a misspelt key that silently means the default.
        run = fixture.small_run()
        run["suite"]["experiments"][0]["workload"]["payload_byte"] = 64
        found = validate.findings(run, "test")
        self.assertEqual(found[0].place, "$.suite.experiments[0].workload")
        self.assertIn("payload_byte", found[0].message)

    def test_null_median_needs_a_reason(self):
        # Would catch: an unknown value without a reason.
        run = fixture.small_run()
        run["summaries"][0] |= {"median": None, "low": None, "high": None, "coverage": None}
        self.assertEqual(places(run), ["$.summaries[0]"])

    def test_status_without_reason_is_refused(self):
        run = fixture.small_run()
        run["cells"][0]["status"] = "unsupported"
        self.assertEqual(places(run), ["$.cells[0].reason"])

    def test_the_shortcut_accepts_only_valid_buckets(self):
        # document._all_plain_buckets must accept nothing that the schema refuses.
        for bucket in ([64], [64, 1, 1], [64, 0], [-1, 1], [64, True], [64, 1.5], "x", [64, None]):
            run = fixture.small_run()
            run["rounds"][0]["load"]["latency"]["service"]["buckets"][0] = bucket
            found = schema_findings(run, "fanin-run")
            self.assertTrue(found and found[0].place.startswith("$.rounds[0].load.latency.service.buckets[0]"), bucket)

    def test_the_shortcut_is_taken_for_every_histogram(self):
        # The bug: it ended where the schema of a run refers to that of a load; reading a run was three times slower.
        run = fixture.small_run()
        histograms = sum(len(each["load"]["latency"]) for each in run["rounds"])
        with mock.patch.object(document, "_all_plain_buckets", wraps=document._all_plain_buckets) as asked:
            self.assertEqual(schema_findings(run, "fanin-run"), [])
        self.assertGreaterEqual(asked.call_count, histograms)

    def test_nullable_objects_report_the_inner_place(self):
        # Would catch: "not valid under any of the given schemas" for the whole round.
        run = fixture.small_run()
        run["rounds"][1]["server"]["threads"] = "two"
        found = schema_findings(run, "fanin-run")
        self.assertEqual(str(found[0]), '$.rounds[1].server.threads: "two" should be integer or null')

if __name__ == "__main__":
    unittest.main()
