"""The metrics stand in the harness, in the schema and in the data dictionary; they must be the same."""

import re
import unittest
from pathlib import Path

from plots.charts import connection_memory
from plots.json_file import read_json
from plots.sweep import unit

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = read_json(ROOT / "results" / "schema" / "run.schema.json")["$defs"]
DICTIONARY = (ROOT / "results" / "README.md").read_text(encoding="utf-8")


def in_schema(definition):
    return SCHEMA[definition]["properties"]["metric"]["enum"]


def in_harness():
    """[(name, unit)] of the table in harness/analysis/summary.cc."""
    source = (ROOT / "harness" / "analysis" / "summary.cc").read_text(encoding="utf-8")
    table = re.search(r"kMetrics\{\n(.*?)\n  \};", source, re.DOTALL)
    return re.findall(r'\{"(\w+)", "([^"]+)"\}', table[1])


def in_dictionary():
    """The metrics of the table that says where a round holds them, in the data dictionary."""
    table = re.search(r"^\| metric \| where .*?\n\|-.*?\n(.*?)\n\n", DICTIONARY, re.DOTALL | re.MULTILINE)
    return [name for row in table[1].splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])]


class Metrics(unittest.TestCase):
    def test_harness_schema_and_dictionary_agree(self):
        # A metric in one place alone: the harness would write files that its own validator refuses.
        names = [name for name, _ in in_harness()]
        self.assertGreater(len(names), 10)
        self.assertEqual(names, in_schema("summary"))
        self.assertEqual(sorted(names), sorted(in_dictionary()))
        listed = re.search(r"^Metrics: (.*?)\. ", DICTIONARY, re.DOTALL | re.MULTILINE)
        self.assertEqual(sorted(names), sorted(re.findall(r"`(\w+)`", listed[1])))

    def test_units_are_those_that_the_names_say(self):
        for name, said in in_harness():
            self.assertEqual(unit(name), said, name)

    def test_slopes_agree(self):
        source = (ROOT / "harness" / "analysis" / "slopes.cc").read_text(encoding="utf-8")
        table = re.search(r"kMetrics\{(.*?)\};", source, re.DOTALL)
        names = re.findall(r'"(\w+)"', table[1])
        self.assertEqual(names, in_schema("slope"))
        self.assertEqual(names, [connection_memory.TOTAL, *connection_memory.PARTS])
        self.assertTrue(set(names) <= set(in_schema("summary")))


if __name__ == "__main__":
    unittest.main()
