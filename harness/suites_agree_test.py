"""Is a suite one for `fanin` exactly where it is one for plots.validate? Arguments: the folder of the binaries, the root of the source tree.

The bug: 24 of 28 suites with null or odd durations were measured, and then no chart could be drawn of the run. Ends with 77 (skipped) where
the interpreter has no jsonschema.
"""

import copy
import gzip
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import jsonschema  # noqa: F401  needed by plots.validate
except ImportError:
    print("skipped: this Python has no jsonschema (FANIN_PYTHON chooses another)")
    sys.exit(77)

BINARIES = Path(sys.argv[1])
SOURCE = Path(sys.argv[2])
sys.path.insert(0, str(SOURCE))

from plots import validate  # noqa: E402
from plots.document import InputError  # noqa: E402

CORPUS = json.loads((SOURCE / "harness" / "testdata" / "suites.json").read_text())


def changed(pointer, *value):
    """The suite of the corpus with `value` at the pointer, or without the key where none is given."""
    suite = copy.deepcopy(CORPUS["suite"])
    *way, last = pointer.split("/")[1:]
    place = suite
    for step in way:
        place = place[int(step) if isinstance(place, list) else step]
    last = int(last) if isinstance(place, list) else last
    if value:
        place[last] = value[0]
    else:
        del place[last]
    return suite


def pointers(value, place=""):
    """A pointer to every key and item below `value`."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        yield f"{place}/{key}"
        yield from pointers(item, f"{place}/{key}")


class SuitesAgree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="fanin-suites-")
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "suite.json"

    def check(self, text, is_suite, about):
        self.path.write_text(text)
        done = subprocess.run([BINARIES / "fanin", "list", self.path], capture_output=True, text=True, timeout=60)
        try:
            found = validate.check(self.path, 1)
        except InputError as error:
            found = [error]
        with self.subTest(about):
            self.assertEqual((done.returncode, not found), (0, True) if is_suite else (2, False), done.stderr + str(found))
            self.assertEqual(len(done.stderr.splitlines()), 0 if is_suite else 1, done.stderr)
            self.assertNotIn("json.exception", done.stderr)

    def test_the_suite_itself_and_those_that_are_shipped(self):
        self.check(json.dumps(CORPUS["suite"]), True, "corpus")
        for path in (SOURCE / "harness" / "suites").glob("*.json"):
            self.check(path.read_text(), True, path.name)

    def test_gzipped(self):
        self.path.write_bytes(gzip.compress(json.dumps(CORPUS["suite"]).encode()))
        self.assertEqual(validate.check(self.path, 1), [])
        done = subprocess.run([BINARIES / "fanin", "list", self.path], capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_changes(self):
        for change in CORPUS["changes"]:
            value = [change["value"]] if "value" in change else []
            self.check(json.dumps(changed(change["at"], *value)), change["is_suite"], json.dumps(change))

    def test_null_stands_for_nothing_but_a_seed(self):
        for pointer in pointers(CORPUS["suite"]):
            self.check(json.dumps(changed(pointer, None)), pointer == "/seed", f"null at {pointer}")

    def test_protocols_and_drivers_are_those_of_the_generator(self):
        # Would catch: a protocol that no suite may name, or one that a suite names and the generator does not have.
        schema = json.loads((SOURCE / "results" / "schema" / "suite.schema.json").read_text())
        keys = schema["$defs"]["workload_keys"]["properties"]
        for name in ("protocol", "driver"):
            done = subprocess.run(
                [BINARIES / "fanin-load", "127.0.0.1:9", f"--{name}", "none"], capture_output=True, text=True, timeout=60
            )
            known = done.stderr.strip().split("choose one of ")[1].split(", ")
            self.assertEqual(sorted(known), sorted(keys[name]["enum"]))

    def test_texts_that_are_no_suite(self):
        for text in (*CORPUS["texts"], "[" * 60000):
            self.check(text, False, text[:60])
        self.check("\ufeff" + json.dumps(CORPUS["suite"]), True, "a byte order mark, as some editors write it")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
