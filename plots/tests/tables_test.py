"""Models, metrics and workload keys are in several files for several readers; they must be equal."""

import json
import re
import unittest
from dataclasses import dataclass
from pathlib import Path

from plots import captions, option_tables
from plots.charts import connection_memory
from plots.document import option_table
from plots.json_file import read_json
from plots.style import FAMILIES, MODELS, PANELS
from plots.sweep import unit
from plots.tests import fixture

ROOT = Path(__file__).resolve().parents[2]
SERVERS = ROOT / "servers"
RUN_SCHEMA, SUITE_SCHEMA = (read_json(ROOT / "results/schema" / f"{name}.schema.json")["$defs"] for name in ("run", "suite"))
DICTIONARY = (ROOT / "results" / "README.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Model:
    """A row of the table: the family that groups the model, and whether it is excluded from timings."""

    family: str
    stalls: bool


def read_models():
    """{name: Model} of the table in servers/registry.cc, whose rows are in the models' files."""
    rows = {}
    for path in (SERVERS / "models").glob("*.cc"):
        for constant, row in re.findall(r"const ServerModel (k\w+)\{(.*?)\};", path.read_text("utf-8"), re.DOTALL):
            name, family = (re.search(rf'\.{key} = "([^"]+)"', row)[1] for key in ("name", "family"))
            rows[constant] = (name, Model(family, ".stalls = true" in row))
    table = re.search(r"table = checked\(\{(.*?)\}\);", (SERVERS / "registry.cc").read_text("utf-8"), re.DOTALL)
    offered = re.sub(r"#ifdef.*?#endif", "", table[1], flags=re.DOTALL)  # without the template, which only tests run
    return dict(rows[constant] for constant in re.findall(r"^\s*(k\w+),", offered, re.MULTILINE))


class Models(unittest.TestCase):
    def test_every_model_has_a_look_and_a_panel(self):
        # Would catch: a model without a row, which is drawn in brown among "other models".
        families = {name: model.family for name, model in read_models().items()}
        self.assertGreater(len(families), 20)
        self.assertEqual(sorted(set(families) - set(MODELS)), [])
        self.assertEqual({name: MODELS[name][3] for name in families}, families)
        self.assertTrue({family for family, *_ in MODELS.values()} <= set(FAMILIES))
        self.assertTrue({panel for *_, panel in MODELS.values()} <= set(PANELS))

    def test_the_full_suite_measures_the_memory_of_every_model(self):
        # Would catch: a new model that is missing in the comparison.
        suite = json.loads((ROOT / "harness" / "suites" / "full.json").read_text(encoding="utf-8"))
        experiment = next(each for each in suite["experiments"] if each["name"] == "idle-memory")
        self.assertEqual(experiment["servers"], ["*"])
        asked = [server["model"] for server in suite["servers"] if "model" in server]
        wanted = [name for name, model in read_models().items() if not model.stalls]
        self.assertEqual(sorted(asked), sorted(wanted))


def metrics_in_schema(definition):
    return RUN_SCHEMA[definition]["properties"]["metric"]["enum"]


def metrics_in_harness():
    """[(name, unit)] of the table in harness/analysis/summary.cc."""
    source = (ROOT / "harness" / "analysis" / "summary.cc").read_text(encoding="utf-8")
    table = re.search(r"kMetrics\{\n(.*?)\n  \};", source, re.DOTALL)
    return re.findall(r'\{"(\w+)", "([^"]+)"\}', table[1])


def metrics_in_dictionary():
    """The metrics of the table of their places in a round, in the data dictionary."""
    table = re.search(r"^\| metric \| where .*?\n\|-.*?\n(.*?)\n\n", DICTIONARY, re.DOTALL | re.MULTILINE)
    return [name for row in table[1].splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])]


class Metrics(unittest.TestCase):
    def test_harness_schema_and_dictionary_agree(self):
        # Would catch: a metric in one place only, so that the validator refuses files of the harness.
        names = [name for name, _ in metrics_in_harness()]
        self.assertGreater(len(names), 10)
        self.assertEqual(names, metrics_in_schema("summary"))
        self.assertEqual(sorted(names), sorted(fixture.METRICS))  # so that a chart of any metric can be tested
        self.assertEqual(sorted(names), sorted(metrics_in_dictionary()))
        listed = re.search(r"^Metrics: (.*?)\. ", DICTIONARY, re.DOTALL | re.MULTILINE)
        self.assertEqual(sorted(names), sorted(re.findall(r"`(\w+)`", listed[1])))

    def test_units_are_those_that_the_names_say(self):
        for name, said in metrics_in_harness():
            self.assertEqual(unit(name), said, name)

    def test_slopes_agree(self):
        source = (ROOT / "harness" / "analysis" / "slopes.cc").read_text(encoding="utf-8")
        table = re.search(r"kMetrics\{(.*?)\};", source, re.DOTALL)
        names = re.findall(r'"(\w+)"', table[1])
        self.assertEqual(names, metrics_in_schema("slope"))
        self.assertEqual(names, [connection_memory.TOTAL, *connection_memory.PARTS])
        self.assertTrue(set(names) <= set(metrics_in_schema("summary")))


OPTIONS = option_table()["options"]


class WorkloadKeys(unittest.TestCase):
    def test_what_is_made_from_the_table_is_up_to_date(self):
        """Would catch: an option that is added or changed without python3 -m plots.option_tables."""
        for path, text in option_tables.make_files(OPTIONS).items():
            with self.subTest(path.name):
                read = json.loads if path.suffix == ".json" else str  # a schema may be formatted in another way
                self.assertEqual(read(path.read_text(encoding="utf-8")), read(text))

    def test_numbers_can_be_swept_and_have_words(self):
        self.assertEqual(sorted(SUITE_SCHEMA["parameter"]["enum"]), sorted(captions.PARAMETER_WORDS))
        self.assertEqual(captions.PARAMETER_WORDS["idle_connections"], "idle connections")

    def test_what_both_halves_of_a_protocol_must_know_goes_to_both(self):
        both = {each["key"] for each in OPTIONS if each["taken_by"] == "both"}
        self.assertEqual(both, {"protocol", "suffix", "reply", "reply_bytes"})


if __name__ == "__main__":
    unittest.main()
