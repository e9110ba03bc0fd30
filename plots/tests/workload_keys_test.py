"""The keys of a workload stand in the harness, in the schema and in the data dictionary; they must be the same."""

import re
import unittest
from pathlib import Path

from plots import facts
from plots.json_file import read_json

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = read_json(ROOT / "results" / "schema" / "suite.schema.json")["$defs"]
DICTIONARY = (ROOT / "results" / "README.md").read_text(encoding="utf-8")


def in_harness():
    """{key: (kind, who takes it)} of the table in harness/suite/workload_keys.cc."""
    source = (ROOT / "harness" / "suite" / "workload_keys.cc").read_text(encoding="utf-8")
    table = re.search(r"kKeys = .*?\(\{\n(.*?)\n\}\);", source, re.DOTALL)
    rows = re.findall(r'\{"(\w+)", "--[\w-]+", Kind::k(\w+)([^}]*)\},', table[1])
    return {name: (kind, (re.findall(r"Taker::k(\w+)", rest) or ["Load"])[0]) for name, kind, rest in rows}


def of_a_class():
    """The keys that harness/suite/mix.cc lets a class of a mix have."""
    source = (ROOT / "harness" / "suite" / "mix.cc").read_text(encoding="utf-8")
    return re.findall(r'"(\w+)"', re.search(r"kClassKeys = .*?\(\s*\{(.*?)\}\);", source, re.DOTALL)[1])


class WorkloadKeys(unittest.TestCase):
    def test_harness_schema_and_dictionary_agree(self):
        # A key that only the schema knows passes validation, and then the harness refuses the suite.
        keys = in_harness()
        self.assertGreater(len(keys), 20)
        self.assertEqual(sorted(keys), sorted(SCHEMA["workload"]["properties"]))
        # Wherever its lines end.
        said = re.search(r"A workload takes these keys.*?`warmup`\s+and\s+`duration`", DICTIONARY, re.DOTALL)
        missing = [name for name in keys if f"`{name}`" not in said[0]]
        self.assertEqual(missing, [])

    def test_harness_and_schema_agree_on_the_classes_of_a_mix(self):
        keys = of_a_class()
        self.assertGreater(len(keys), 10)
        self.assertLessEqual(set(keys), set(in_harness()))
        self.assertEqual(sorted([*keys, "weight", "name"]), sorted(SCHEMA["class"]["properties"]))

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
