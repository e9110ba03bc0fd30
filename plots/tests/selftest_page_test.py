"""Tests of the error rates in docs/statistics.md."""

import json
import tempfile
import unittest
from pathlib import Path

from plots import programs, publish, selftest_page, simulation_page, tables, validation_page
from plots.json_file import InputError, read_json
from plots.tests.fixture_parts import (
    comparison_document,
    figure,
    selftest_document,
    simulation_part,
    validation_document,
)
from plots.text import cleaned
from plots.validate import findings as validate_findings


class Selftest(unittest.TestCase):
    """The error rates of docs/statistics.md."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.top = Path(scratch.name)
        self.result = self.top / selftest_page.RESULT
        self.result.parent.mkdir(parents=True)
        parts = "\n\n".join("\nold\n".join(tables.markers(name)) for name in ("selftest", "simulation", *validation_page.PARTS))
        (self.top / "docs").mkdir()
        (self.top / selftest_page.PAGE).write_text(f"# before\n\n{parts}\n\nafter\n", encoding="utf-8")

    def publish(self, document=None):
        if document:
            self.result.write_text(json.dumps(document), encoding="utf-8")
        publish.publish_selftest(self.result, self.top)
        return (self.top / selftest_page.PAGE).read_text(encoding="utf-8")

    def test_the_fixture_is_valid(self):
        self.assertEqual(validate_findings(selftest_document(), "test"), [])

    def test_the_document_shows_the_committed_result(self):
        """Would catch: a new result that is not published."""
        path = programs.TOP / selftest_page.RESULT
        document = cleaned(read_json(path)) if path.exists() else None
        text = (programs.TOP / selftest_page.PAGE).read_text(encoding="utf-8")
        for name, content in (
            ("selftest", selftest_page.section(document)),
            ("simulation", simulation_page.section(document and document["simulation"])),
            *((name, validation_page.section(name, publish.read_validation(name, programs.TOP))) for name in validation_page.PARTS),
        ):
            self.assertEqual(text, tables.replaced(text, name, content, "statistics.md"))

    def test_without_a_result_it_says_so(self):
        text = self.publish()
        self.assertIn("Not measured yet", text)
        self.assertNotIn("old", text)

    def test_sessions_of_uncommitted_sources_are_refused(self):
        document = selftest_document()
        document["environment"]["build"]["git_dirty"] = True
        with self.assertRaisesRegex(InputError, "uncommitted sources: commit them and run fanin selftest again"):
            self.publish(document)

    def test_twice_is_the_same(self):
        first = self.publish(selftest_document())
        self.assertEqual(first, self.publish())
        self.assertTrue(first.startswith("# before\n\n<!-- selftest") and first.endswith("<!-- end of suite sessions -->\n\nafter\n"))

    def test_every_figure_is_shown(self):
        text = self.publish(selftest_document())
        row = "| `cpu+2%-60s` | `epoll` | 9 of 10 (50 % to 95 %) | +2.10 % | +2.00 % | 9 of 10 (50 % to 95 %) | 44 s | 12 |"
        origin = (
            "11 sessions: 10 on Fixture CPU, Linux 6.1.0-fixture (commit 0123456789), "
            "1 on Other CPU, Linux 6.1.0-fixture (commit 0123456789); the last on"
        )
        for part in (row, origin, "1 of them is without a result"):
            self.assertIn(part, text)
        for row in (
            "that raised an alarm: false alarms, at most 1.23 % at 95 % | 0 of 10 | 50 % to 95 % |",
            "that would have raised one without a band | 1 of 10 |",
            "that include 0 % | 9 of 10 |",
            "that include the expected change | 9 of 10 |",
        ):
            self.assertIn(row, text)

    def test_the_simulation_is_shown(self):
        """Would catch: a procedure that fails and is not marked, or one that is left out."""
        document = selftest_document() | {"simulation": simulation_part()}
        self.assertEqual(validate_findings(document, "test"), [])
        text = self.publish(document)
        for part in (
            "| `median_interval`, made up | ≥ 93.75 | 95.0 | **95.0** |",
            "| `fanin ab`, made up | ≤ 1 | 95.0 | **95.0** |",
            "| `fanin ab`, made up | - | 95.0 | **95.0** |",
            "`clopper_pearson`, made up, stated ≥ 95 %: 95.0 % at 1 %.",
            "| walk | it walks |",
        ):
            self.assertIn(part, text)

    def test_a_simulation_needs_no_sessions(self):
        document = selftest_document() | {"simulation": simulation_part(), "sessions": [], "machines": []}
        document["environment"] = None
        document["summary"] = dict.fromkeys(document["summary"]) | {"power": []}
        text = self.publish(document)
        self.assertIn("Not measured yet: `fanin selftest", text)
        self.assertNotIn("Not simulated yet", text)

    def test_validations_of_verdicts_are_shown(self):
        runs = [figure("same commit: exit code 1", "pairs", 2, high=1, holds=False), figure("comparisons", "comparisons", 9)]
        for _, path in validation_page.PARTS.values():
            document = validation_document(Path(path).stem, *runs, notes=["20 pairs"])
            (self.top / path).write_text(json.dumps(document), encoding="utf-8")
        text = self.publish(selftest_document())
        for part in ("| same commit: exit code 1 | 2 | ≤ 1 | **no** |", "| comparisons | 9 | - | - |", "\n20 pairs.\n", "\n2026-03-14, commit 0123456789, Linux 6.\n"):
            self.assertEqual(text.count(part), len(validation_page.PARTS), part)

    def test_sessions_without_controls(self):
        document = selftest_document()
        document["sessions"] = document["sessions"][-1:]
        document["summary"] = dict.fromkeys(document["summary"]) | {"power": []}
        self.assertIn("No session had a control.", self.publish(document))

    def test_a_summary_that_does_not_follow_from_its_sessions_is_refused(self):
        """Would catch: published error rates that the sessions do not have."""
        for place in ("power", "false_alarms", "coverage_of_control_intervals"):
            document = selftest_document()
            share = document["summary"][place]
            share = share[0]["found"] if place == "power" else share
            share["count"] -= 1 if share["count"] else -1
            with self.assertRaisesRegex(InputError, rf"summary\.{place}.* of 10, but the sessions give"):
                self.publish(document)

    def test_another_document_or_a_missing_file_is_refused(self):
        with self.assertRaises(InputError):
            self.publish(comparison_document())
        with self.assertRaises(InputError):
            publish.publish_selftest(self.top / "none.json", self.top)


if __name__ == "__main__":
    unittest.main()
