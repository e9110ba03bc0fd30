"""Tests of python3 -m plots.validate, of the schemas, and of the refusals of the loader."""

import copy
import gzip
import io
import json
import math
import subprocess
import sys
import tempfile
import unittest
from contextlib import redirect_stderr
from pathlib import Path
from unittest import mock

from plots import document, programs, validate
from plots.document import SCHEMA_DIR, schema_findings
from plots.json_file import InputError, parse_json
from plots.run_file import load_run
from plots.tests import consistency_test, fixture

ROOT = Path(__file__).resolve().parents[2]


def check_text(text, name="run.json"):
    """Runs the command on a file with this text; returns (exit code, standard error)."""
    return check_bytes(text.encode("utf-8"), name)


def check_bytes(content, name):
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / name
        path.write_bytes(content)
        errors = io.StringIO()
        with redirect_stderr(errors):
            code = validate.main([str(path)])
        return code, errors.getvalue()


class Summaries(unittest.TestCase):
    """`fanin validate` recomputes them: harness/analysis/run_file_test.cc has the cases."""

    # The tests of the charts run without a build; ./run_tests.sh builds the programs before it runs them.
    @unittest.skipUnless(programs.find_program("fanin"), "no fanin is built")
    def test_a_summary_of_other_rounds_is_refused(self):
        """Would catch: a figure that does not follow from the rounds in the file."""
        run = fixture.small_run()
        self.assertEqual(check_text(json.dumps(run)), (0, ""))
        run["summaries"][0]["median"] = run["summaries"][0]["low"]
        code, errors = check_text(json.dumps(run))
        self.assertEqual(code, 2)
        self.assertRegex(errors, r"^plots\.validate: .*run\.json: /summaries/0/median: is .*, but the rounds give .*\n$")

    @unittest.skipUnless(programs.find_program("fanin"), "no fanin is built")
    def test_a_slope_of_other_rounds_is_refused(self):
        run = consistency_test.Slopes.make_run()  # whose slopes numpy has fitted
        self.assertEqual(check_text(json.dumps(run)), (0, ""))
        run["slopes"][0]["median"] = run["slopes"][0]["low"]
        self.assertIn("run.json: /slopes/0/median: is ", check_text(json.dumps(run))[1])

    @unittest.skipUnless(programs.find_program("fanin"), "no fanin is built")
    def test_a_verdict_with_another_exit_code_is_refused(self):
        """Would catch: an edited verdict that passes a build."""
        counts = dict.fromkeys(("better", "worse", "equivalent", "undecided", "void"), 0)
        procedure = {"method": "m", "error_rate": 0.05, "looks": [], "false_alarms": "not measured"}
        lists = {key: [] for key in ("metrics", "faults", "obstacles", "notes", "differences")}
        verdict = {"schema": "fanin-verdict", "schema_version": 1, "kind": "compare", "base": "a", "new": "b", "strict": False,
                   "result": "nothing could be decided", "exit_code": 4, "counts": counts, "procedure": procedure, **lists}
        self.assertEqual(check_text(json.dumps(verdict), "verdict.json"), (0, ""))
        code, errors = check_text(json.dumps(verdict | {"exit_code": 0}), "verdict.json")
        self.assertEqual(code, 2)
        self.assertIn("verdict.json: /exit_code: but the verdicts give 4", errors)

    def test_the_drift_that_compare_allows_for_is_valid(self):
        self.assertEqual(validate.check(ROOT / "results/selftest/drift.json", 10), [])

    def test_without_the_program_the_command_names_the_missing_check(self):
        """Would catch: a run that is valid although nothing recomputed its summaries."""
        with mock.patch.object(programs, "find_program", return_value=None):
            code, errors = check_text(json.dumps(fixture.small_run()))
        self.assertEqual(code, 0)
        self.assertIn("no fanin is built, so its figures were not recomputed", errors)


class Command(unittest.TestCase):
    def test_each_bad_file_is_one_line_and_exit_code_2(self):
        run = fixture.small_run()
        version = json.dumps(run | {"schema_version": 1})
        for text, said in (
            ("", "not JSON"),
            ("[1, 2", "not JSON"),
            ("[]", "should be an object"),
            ("{}", "$.schema"),
            ('{"schema": "nonsense"}', "$.schema"),
            (version, "$.schema_version: written by an older fanin (version 1, this one reads 2): run it again"),
            ('{"schema": "fanin-older"}', '$.schema: "fanin-older" was written by another version of fanin: run it again'),
            ("[" * 100_000, "not JSON"),
            # Would catch: a traceback for deep nesting, or for a key that is no text.
            ('{"schema": ' + "[" * 400 + "]" * 400 + "}", "is nested more than 100 deep"),
            ('{"schema": [1]}', "$.schema"),
        ):
            code, errors = check_text(text)
            self.assertEqual(code, 2, said)
            self.assertIn(said, errors)
            self.assertEqual(errors.count("\n"), 1, errors)

    def test_gzipped_files(self):
        packed = gzip.compress(json.dumps(fixture.small_run()).encode("utf-8"))
        self.assertEqual(check_bytes(packed, "run.json.gz"), (0, ""))
        code, errors = check_bytes(packed[:-20], "run.json.gz")
        self.assertEqual(code, 2)
        self.assertIn("it is gzipped and damaged", errors)

    def test_rounds_file(self):
        rounds = fixture.small_run()["rounds"]
        self.assertEqual(check_text("".join(json.dumps(each) + "\n" for each in rounds), "rounds.jsonl"), (0, ""))
        # The bug: a line was split at characters that only look like an end of line.
        texts = [{**rounds[0], "status": "failed", "reason": "the server said \u2028 and \u0085"}]
        self.assertEqual(check_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in texts), "rounds.jsonl"), (0, ""))
        code, errors = check_text("".join(json.dumps(each) + "\n" for each in (*rounds, rounds[0])), "rounds.jsonl")
        self.assertEqual(code, 2)
        self.assertIn(f"line {len(rounds) + 1}: $: the round of {rounds[0]['cell']} in block 0 occurs twice", errors)
        del rounds[1]["status"]
        code, errors = check_text("".join(json.dumps(each) + "\n" for each in rounds), "rounds.jsonl")
        self.assertEqual(code, 2)
        self.assertIn('line 2: $: there is no key "status"', errors)

    def test_units_and_plan_of_claims(self):
        # Would catch: units.jsonl taken as rounds, and two units with one number, of which --resume would lose one.
        arm = {"status": "ok", "reason": None, "metrics": {"throughput_per_s": 9.5}}
        unit = {"case": "K2/grows", "unit": 0, "seconds": 1.5, "interleaved": True, "arms": [arm] * 3}
        value = {**unit, "case": "K3/served", "arms": [arm]}

        def check(*lines):
            return check_text("".join(json.dumps(each) + "\n" for each in lines), "units.jsonl")

        self.assertEqual(check(unit, value, {**unit, "unit": 1}), (0, ""))
        for line, said in (
            ({**unit, "unit": 2}, "line 2: $: the unit of K2/grows must be 1, the next of its case"),
            ({**unit, "unit": 1, "arms": [arm] * 2}, "line 2: $.arms: "),
            ({**unit, "unit": 1, "arms": [{**arm, "status": "fine"}] * 3}, "line 2: $.arms[0].status: "),
            (fixture.small_run()["rounds"][0], "line 2: $: "),
        ):
            code, errors = check(unit, line)
            self.assertEqual(code, 2)
            self.assertIn(said, errors)
        claim = json.loads((SCHEMA_DIR.parents[1] / "harness" / "claims" / "K2.json").read_text())
        looks = {"looks": [6, 8], "error_rate": 0.1}
        plan = {"schema": "fanin-claims-plan", "schema_version": 1, "id": "claims-1", "started_at": "2026-11-20T19:00:00Z", "seed": 7,
                "budget_ns": 9, "plan": looks, "flip_plan": looks, "environment": fixture.small_run()["environment"]["start"],
                "files": [{"path": "K2.json", "document": claim}]}  # fmt: skip
        self.assertEqual(check_text(json.dumps(plan), "plan.json"), (0, ""))
        del claim["tests"][0]["says"]
        code, errors = check_text(json.dumps(plan), "plan.json")
        self.assertEqual(code, 2)
        self.assertIn("$.files[0].document.tests[0]: ", errors)

    def test_live_lines(self):
        # The bug: every .jsonl file was taken as rounds, so that the lines of --live-json were refused.
        line = {"run": 1, "phase": "window", "second": 0, "completed": 9, "failed": 0, "rate_per_s": 9.0, "p50_ns": None,
                "p99_ns": None, "max_ns": 70, "connections_up": 2, "errors": {}}  # fmt: skip
        lines = [{**line, "phase": "connecting"}, line]
        self.assertEqual(check_text("".join(json.dumps(each) + "\n" for each in lines), "live.jsonl"), (0, ""))
        code, errors = check_text("".join(json.dumps(each) + "\n" for each in (line, {**line, "second": -1})), "a.jsonl")
        self.assertEqual(code, 2)
        self.assertIn("line 2: $.second: ", errors)
        # A round among live lines is refused.
        code, errors = check_text("".join(json.dumps(each) + "\n" for each in (line, fixture.small_run()["rounds"][0])), "a.jsonl")
        self.assertEqual(code, 2)
        self.assertIn("line 2: $: ", errors)

    def test_as_a_program(self):
        # As people and other tests run it.
        done = subprocess.run(
            [sys.executable, "-m", "plots.validate", "/nonexistent"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr, "plots.validate: cannot read /nonexistent: No such file or directory\n")

    def test_nan_and_infinity_are_refused_with_their_place(self):
        # Python reads NaN, Infinity and 1e999 silently; JSON has none of them.
        for word in ("NaN", "Infinity", "-Infinity", "1e999"):
            run = fixture.small_run()
            run["summaries"][0]["median"] = "HERE"
            code, errors = check_text(json.dumps(run).replace('"HERE"', word))
            self.assertEqual(code, 2)
            self.assertIn("$.summaries[0].median", errors)
            self.assertEqual(errors.count("\n"), 1)
        with self.assertRaises(InputError):
            parse_json(json.dumps({"x": math.nan}), "test")


class Loader(unittest.TestCase):
    def refusal(self, files):
        with tempfile.TemporaryDirectory() as directory:
            for name, text in files.items():
                (Path(directory) / name).write_text(text, encoding="utf-8")
            with self.assertRaises(InputError) as caught:
                load_run(directory)
        self.assertNotIn("\n", str(caught.exception))
        return str(caught.exception)

    def test_refusals_say_what_to_do(self):
        self.assertIn("holds no run.json", self.refusal({}))
        self.assertIn("--resume", self.refusal({"rounds.jsonl": ""}))
        self.assertIn(
            "of which there is no chart",
            self.refusal({"run.json": json.dumps(fixture.small_run()["rounds"][0]["load"])}),
        )
        run = fixture.small_run()
        del run["placement"]
        self.assertIn('$: there is no key "placement"', self.refusal({"run.json": json.dumps(run)}))


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
    "completed_in_run",
    "connections_by_worker",
    "events",
    "switches",
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
        self.assertEqual(consistency_test.places(run), ["$.summaries[0]"])

    def test_status_without_reason_is_refused(self):
        run = fixture.small_run()
        run["cells"][0]["status"] = "unsupported"
        self.assertEqual(consistency_test.places(run), ["$.cells[0].reason"])

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
