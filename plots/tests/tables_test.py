"""Models, metrics and workload keys are in several files for several readers; they must be equal."""

import json
import re
import unittest
from dataclasses import dataclass
from pathlib import Path

from plots import captions, style, tables, ticks
from plots.charts import connection_memory
from plots.document import metric_table, option_table
from plots.json_file import read_json
from plots.style import FAMILIES, MODELS, PANELS
from plots.tests import fixture

ROOT = Path(__file__).resolve().parents[2]
SERVERS = ROOT / "servers"
SUITE_SCHEMA = read_json(ROOT / "results/schema/suite.schema.json")["$defs"]


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


class Metrics(unittest.TestCase):
    """The table of metrics, results/schema/metrics.json. What is made from it is in the test of the files below."""

    def test_a_name_says_the_unit(self):
        # Would catch: a metric in another unit than its name says, which the schema of runs refuses.
        endings = {"_ns": "ns", "_bytes": "bytes", "_per_s": "1/s"}
        for name, row in metric_table().items():
            said = next((unit for ending, unit in endings.items() if name.endswith(ending)), "1")
            self.assertEqual(row["unit"], said, name)
            self.assertIn(said, ticks.FORMS)

    def test_rows_are_complete(self):
        # Would catch: a misspelt key, which means its default to the harness.
        always = {"name", "unit", "better", "places", "label", "heading", "meaning"}
        for name, row in metric_table().items():
            self.assertEqual(set(row) - {"slope", "signed", "per", "otherwise"}, always, name)
            self.assertIn(row["better"], ("higher", "lower"))
            self.assertTrue(row["places"] and all(place.startswith("/") for place in row["places"]), name)
        self.assertGreater(len(metric_table()), 10)

    def test_every_metric_has_a_value_in_the_synthetic_run(self):
        # Would catch: a metric whose place no round has; its charts would be empty, and untested.
        run = fixture.make_run()
        found = {each["metric"] for each in run["summaries"] if each["median"] is not None}
        self.assertEqual(set(metric_table()) - found, {"response_p999_ns"})  # needs 10,000 requests in a round

    def test_every_part_of_the_memory_has_a_colour(self):
        self.assertEqual(list(style.PARTS), list(connection_memory.PARTS))
        self.assertEqual(set(style.INK_ON_PARTS), set(style.PARTS))


OPTIONS = option_table()["options"]


class WorkloadKeys(unittest.TestCase):
    def test_what_is_made_from_the_tables_is_up_to_date(self):
        """Would catch: an option or a metric that is added or changed without python3 -m plots.tables."""
        for path, text in tables.make_files(OPTIONS).items():
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
