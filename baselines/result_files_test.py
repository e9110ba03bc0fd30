"""Tests that what the scripts write fits its JSON Schema in results/schema/, which plots/publish.py insists on."""

import argparse
import contextlib
import io
import json
import pathlib
import tempfile
import unittest

import jsonschema

from baselines import paired
from validation import known_values

SCHEMAS = pathlib.Path(__file__).resolve().parents[1] / "results" / "schema"


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        # In a folder that is not there yet, as RUN/comparisons/ is not.
        path = pathlib.Path(folder.name) / "comparisons" / "result.json"
        self.options = argparse.Namespace(json=path, connections=50, seconds=2, driver="epoll")

    def check(self, schema):
        document = json.loads(self.options.json.read_text())
        jsonschema.Draft202012Validator(json.loads((SCHEMAS / schema).read_text())).validate(document)
        return document

    def test_comparison(self):
        skipped = [{"name": "hey", "reason": "not installed"}]
        served = {"by_generators": 10, "by_server": 12}
        for more in ((), (skipped, served)):
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                costs = {"least": [2.0, 2.0], "mine": [2.2, 2.4]}
                paired.report("generator-echo", "echo", costs, [("mine", "least")], self.options, *more)
            self.assertIn("mine / least: 1.150 [1.100, 1.200]", printed.getvalue())
            self.assertEqual(self.check("comparison.schema.json")["served"], more[1] if more else None)

    def test_truth(self):
        figures = [known_values.figure("p50", "ms", 1.0, 1.1, 0.6, 1.6), known_values.figure("p99.9", "ms", None, 99.0, 96.0)]
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            code = known_values.report("stall", "stalls", figures, ["a note"], self.options)
        self.assertEqual(code, 1, "what is not known does not hold")
        self.assertRegex(printed.getvalue(), r"p99\.9, ms +- +99 +96 +-  DOES NOT HOLD\n")
        self.check("validation.schema.json")


if __name__ == "__main__":
    unittest.main()
