"""The keys of a workload stand in the harness, in the schema and in the data dictionary; they must be the same."""

import re
import unittest
from pathlib import Path

from plots import facts
from plots.document import read_json

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = read_json(ROOT / "results" / "schema" / "suite.schema.json")["$defs"]
DICTIONARY = (ROOT / "results" / "README.md").read_text(encoding="utf-8")


def in_harness():
    """{key: (kind, who takes it)} of the table in harness/suite/workload.cc."""
    source = (ROOT / "harness" / "suite" / "workload.cc").read_text(encoding="utf-8")
    table = re.search(r"kKeys\{\{\n(.*?)\n\}\};", source, re.DOTALL)
    rows = re.findall(r'\{"(\w+)", "--[\w-]+", Kind::k(\w+)(.*?)\},', table[1])
    return {name: (kind, (re.findall(r"Taker::k(\w+)", rest) or ["Load"])[0]) for name, kind, rest in rows}


class WorkloadKeys(unittest.TestCase):
    def test_harness_schema_and_dictionary_agree(self):
        # A key that only the schema knows passes validation, and then the harness refuses the suite.
        keys = in_harness()
        self.assertGreater(len(keys), 20)
        self.assertEqual(sorted(keys), sorted(SCHEMA["workload"]["properties"]))
        said = re.search(r"^A workload takes these keys.*?`warmup` and `duration`", DICTIONARY, re.DOTALL | re.MULTILINE)
        missing = [name for name in keys if f"`{name}`" not in said[0]]
        self.assertEqual(missing, [])

    def test_numbers_can_be_swept_and_nothing_else(self):
        numeric = [name for name, (kind, _) in in_harness().items() if kind in ("Whole", "Real")]
        self.assertEqual(sorted(numeric), sorted(SCHEMA["parameter"]["enum"]))
        self.assertEqual(sorted(numeric), sorted(facts.PARAMETER_WORDS))
        row = next(line for line in DICTIONARY.splitlines() if line.startswith("| `experiments[].sweep`"))
        self.assertEqual([name for name in numeric if f"`{name}`" not in row], [])

    def test_what_both_halves_of_a_protocol_must_know_goes_to_both(self):
        both = {name for name, (_, taker) in in_harness().items() if taker == "Both"}
        self.assertEqual(both, {"protocol", "suffix", "reply", "reply_bytes"})


if __name__ == "__main__":
    unittest.main()
