"""Each format of `fanin export` is read by the tool that it is made for, or checked against its rules.

Arguments: the build directory, the source directory. Skips, with the reason, a consumer that is not installed.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

BUILD = pathlib.Path(sys.argv[1])
SOURCE = pathlib.Path(sys.argv[2])
RUN = SOURCE / "results/reference/run.json.gz"
CELL = "echo-closed/epoll/100"
COMPARE = pathlib.Path("/usr/share/benchmark/compare.py")
HDR_HISTOGRAM = pathlib.Path("/usr/share/java/hdrhistogram.jar")


HOSTILE = "a|b`c<d>&\"e':f,g%h\\\x01\n::error::i"


def export(form, *options, file=RUN):
    done = subprocess.run([BUILD / "fanin", "export", file, "--format", form, *options],
                          capture_output=True, text=True, check=True)
    return done.stdout


def metric(cell, verdict, ratio):
    estimate = {"ratio": ratio, "low": ratio * 0.999, "high": ratio * 1.001, "coverage": 0.99}
    return {"cell": cell, "metric": "server_cpu_per_request_ns", "unit": "ns", "better": "lower", "band": 0.01, "base": 1000.0,
            "new": 1000 * ratio, "ratio": estimate, "verdict": verdict, "units": 24, "smallest_effect": 0.012,
            "control": estimate | {"ratio": 1.0, "low": 0.999, "high": 1.001}, "control_failed": False, "reason": None,
            "log_ratios": [], "control_log_ratios": []}


# Verdicts as fanin ab writes them; fanin checks on reading that the exit code follows.
def verdicts(metrics, faults=(), exit_code=0, strict=False, obstacles=()):
    counts = {name: sum(each["verdict"] == name for each in metrics) for name in ("better", "worse", "equivalent", "undecided")}
    return {"schema": "fanin-verdict", "schema_version": 1, "kind": "ab", "base": "build/base", "new": HOSTILE, "result": "-",
            "exit_code": exit_code, "strict": strict, "counts": counts | {"void": 0}, "metrics": metrics,
            "faults": [{"cell": cell, "status": "failed", "reason": HOSTILE} for cell in faults], "obstacles": list(obstacles),
            "notes": [HOSTILE], "differences": [],
            "procedure": {"method": "a method", "error_rate": 0.01, "looks": [12, 24], "false_alarms": "0 of 299"}}


# Two hundred cells with a verdict of each kind, a fault, and names that hold what the formats give a meaning.
def many_verdicts(**options):
    kinds = [("worse", 1.2), ("better", 0.8), ("equivalent", 1.0), ("undecided", 1.01)]
    return verdicts([metric(f"e/{HOSTILE}/{i}", *kinds[i % 4]) for i in range(200)], ["e/gone/1"], 1, **options)


# What the XML schemas of Jenkins and GitLab have in common: the attributes and children of each element.
JUNIT = {
    "testsuites": ({"name"}, {"tests", "failures", "errors", "time", "disabled"}, ["testsuite"]),
    "testsuite": ({"name", "tests"}, {"failures", "errors", "skipped", "time", "timestamp", "hostname", "id", "package"},
                  ["properties", "testcase", "system-out", "system-err"]),
    "properties": (set(), set(), ["property"]),
    "property": ({"name", "value"}, set(), []),
    "testcase": ({"name", "classname"}, {"time", "assertions", "status"}, ["skipped", "error", "failure"]),
    "skipped": (set(), {"message"}, []),
    "error": (set(), {"message", "type"}, []),
    "failure": (set(), {"message", "type"}, []),
}


def unescape_command(text):
    for code, character in ("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"):
        text = text.replace(code, character)
    return text


def footer(table, name):
    return float(re.search(rf"{name}\s*=\s*([0-9.]+)", table).group(1))


class Consumers(unittest.TestCase):

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="fanin-export.")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def test_prometheus_client_parses_openmetrics(self):
        try:
            from prometheus_client.openmetrics.parser import text_string_to_metric_families
        except ImportError:
            self.skipTest("python3-prometheus-client is not installed")
        families = {family.name: family for family in text_string_to_metric_families(export("openmetrics"))}
        self.assertEqual(families["fanin_server_cpu_per_request_seconds"].unit, "seconds")
        samples = [sample for sample in families["fanin_throughput_requests_per_second"].samples
                   if sample.labels["cell"] == CELL]
        self.assertEqual({sample.labels["statistic"] for sample in samples}, {"median", "low", "high"})

    def test_compare_py_reads_google_benchmark(self):
        if not COMPARE.exists():
            self.skipTest("libbenchmark-tools is not installed")
        file = self.directory / "benchmark.json"
        file.write_text(export("google-benchmark"))
        done = subprocess.run(["/usr/bin/python3", COMPARE, "--no-color", "benchmarks", file, file],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, rf"{CELL}\s+\+0\.0000\s+\+0\.0000")
        self.assertIn(f"{CELL}_pvalue", done.stdout)

    # HdrHistogram's own reader finds as many samples and the same mean and maximum as our percentile table has.
    def test_hdr_histogram_reads_the_log(self):
        if not HDR_HISTOGRAM.exists():
            self.skipTest("libhdrhistogram-java is not installed")
        log = self.directory / "latency.hlog"
        log.write_text(export("hlog"))
        done = subprocess.run(["java", "-cp", HDR_HISTOGRAM, "org.HdrHistogram.HistogramLogProcessor", "-i", log,
                               "-tag", CELL, "-outputValueUnitRatio", "1000000"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        ours = export("hgrm", "--cell", CELL)
        self.assertEqual(footer(done.stdout, "Total count"), footer(ours, "Total count"))
        for name in "Mean", "StdDeviation", "Max":
            self.assertAlmostEqual(footer(done.stdout, name) / footer(ours, name), 1, delta=0.02)
        for name in "Buckets", "SubBuckets":
            self.assertEqual(footer(done.stdout, name), footer(ours, name))

    # Bencher's rules: names of benchmarks and measures are not empty, values are finite, bounds enclose the value.
    def test_bencher_metrics_keep_its_rules(self):
        results = json.loads(export("bencher"))
        self.assertIn("server_cpu_per_request_ns", results[CELL])
        for measures in results.values():
            for metric in measures.values():
                self.assertEqual(set(metric), {"value", "lower_value", "upper_value"})
                self.assertLessEqual(metric["lower_value"], metric["value"])
                self.assertLessEqual(metric["value"], metric["upper_value"])

    # The fields that github-action-benchmark takes from a custom result, with their types.
    def test_benchmark_action_has_its_fields(self):
        for form in "benchmark-action-smaller", "benchmark-action-bigger":
            entries = json.loads(export(form))
            self.assertTrue(entries)
            for entry in entries:
                self.assertIsInstance(entry["name"], str)
                self.assertIsInstance(entry["unit"], str)
                self.assertIsInstance(entry["value"], (int, float))
            self.assertEqual(len({entry["name"] for entry in entries}), len(entries))

    def start_server(self):
        server = subprocess.Popen([BUILD / "fanin-server", "epoll", "--port", "0"], stdout=subprocess.PIPE, text=True)

        def stop():
            server.terminate()
            server.communicate()
        self.addCleanup(stop)
        return json.loads(server.stdout.readline())["addresses"][0]["port"]

    # What fanin-load writes for a sweep and for interleaved targets fits what the formats take.
    def test_sweeps_and_interleaved_targets(self):
        targets = [f"127.0.0.1:{self.start_server()}" for _ in range(2)]
        traffic = ["-c", "2", "--duration", "200ms", "--warmup", "50ms", "--quiet", "--json", self.directory / "load.json"]
        for options, names in (([targets[0], "--sweep", "connections=1,2"], [f"{targets[0]} connections={n}" for n in (1, 2)]),
                               (["--target", targets[0], "--target", targets[1]], targets)):
            done = subprocess.run([BUILD / "fanin-load", *options, *traffic], capture_output=True, text=True)
            self.assertIn(done.returncode, (0, 5), done.stderr)  # 5: a busy machine made it invalid
            results = json.loads(export("bencher", file=self.directory / "load.json"))
            self.assertEqual(sorted(results), sorted(names))

    def write_verdicts(self, document):
        file = self.directory / "verdict.json"
        file.write_text(json.dumps(document))
        return file

    def check_junit(self, element):
        required, optional, children = JUNIT[element.tag]
        self.assertLessEqual(required, set(element.attrib), element.tag)
        self.assertLessEqual(set(element.attrib), required | optional, element.tag)
        order = [children.index(child.tag) for child in element]
        self.assertEqual(order, sorted(order))
        for child in element:
            self.check_junit(child)

    # JUnit: the schema's rules, totals that are those of the cases, names that are unique, characters of XML 1.0.
    def test_junit_keeps_the_schema(self):
        text = export("junit", file=self.write_verdicts(many_verdicts()))
        self.assertIsNone(re.search("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text))
        root = xml.etree.ElementTree.fromstring(text)
        self.check_junit(root)
        cases = root.findall("testsuite/testcase")
        self.assertEqual(len({(case.get("classname"), case.get("name")) for case in cases}), len(cases))
        suite = root.find("testsuite")
        for attribute, tag in ("failures", "failure"), ("errors", "error"), ("skipped", "skipped"):
            self.assertEqual(int(suite.get(attribute)), sum(case.find(tag) is not None for case in cases))
        self.assertEqual((suite.get("tests"), suite.get("failures"), suite.get("errors"), suite.get("skipped")),
                         ("201", "50", "1", "50"))

    def test_junitparser_reads_junit(self):
        try:
            import junitparser
        except ImportError:
            self.skipTest("python3-junitparser is not installed")
        suite, = junitparser.JUnitXml.fromstring(export("junit", file=self.write_verdicts(many_verdicts(strict=True))).encode())
        self.assertEqual((suite.tests, suite.failures, suite.errors, suite.skipped), (201, 100, 1, 0))
        kinds = [type(result).__name__ for case in suite for result in case.result]
        self.assertEqual((kinds.count("Failure"), kinds.count("Error")), (100, 1))
        self.assertIn("+20.00 %", next(result.message for case in suite for result in case.result))

    # What the runner reads: one command a line, properties without : and , , at most ten annotations of a type.
    def test_github_annotations_keep_the_rules(self):
        lines = export("github", file=self.write_verdicts(many_verdicts(strict=True))).splitlines()
        found = [re.fullmatch(r"::(error|warning|notice) title=([^:,\r\n]+)::(.+)", line) for line in lines]
        self.assertTrue(all(found), lines)
        types = [each.group(1) for each in found]
        self.assertEqual((types.count("error"), types.count("warning"), types.count("notice")), (10, 10, 2))
        self.assertIn("81 more", found[-1].group(3))
        self.assertRegex(unescape_command(found[2].group(2)), re.escape("e/a|b`c<d>&\"e':f,g%h\\\\x01\\n::error::i/"))

    # GitHub's table: rows of as many cells as the head has, whatever a name holds.
    def test_markdown_is_a_table_below_64_kib(self):
        text = export("markdown", "--link", "fanin-report", file=self.write_verdicts(many_verdicts()))
        self.assertLess(len(text.encode()), 64 << 10)
        self.assertIn("Report: fanin-report\n", text)
        rows = [line for line in text.splitlines() if line.startswith("| <code>e/")]
        self.assertGreater(len(rows), 50)
        self.assertEqual({line.count("|") for line in rows}, {9})
        self.assertNotIn("`", text)

    def test_openmetrics_and_benchmark_action_of_verdicts(self):
        file = self.write_verdicts(many_verdicts())
        entries = json.loads(export("benchmark-action-smaller", file=file))
        self.assertEqual(len(entries), 400)
        self.assertEqual(json.loads(export("benchmark-action-bigger", file=file)), [])
        try:
            from prometheus_client.openmetrics.parser import text_string_to_metric_families
        except ImportError:
            self.skipTest("python3-prometheus-client is not installed")
        families = {family.name: family for family in text_string_to_metric_families(export("openmetrics", file=file))}
        ratio = families["fanin_server_cpu_per_request_ns_ratio"]
        self.assertEqual((ratio.unit, len(ratio.samples)), ("ratio", 600))

    # Would catch: verdicts whose exit code does not follow from them, exported as a pass.
    def test_verdicts_that_contradict_themselves_are_refused(self):
        file = self.write_verdicts(many_verdicts() | {"exit_code": 0})
        done = subprocess.run([BUILD / "fanin", "export", file, "--format", "junit"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("/exit_code: but the verdicts give 1", done.stderr)

    def test_refusals_are_one_line(self):
        for arguments, reason in (
            [RUN, "--format", "hgrm"], "choose it by --cell"), ([RUN, "--format", "xml"], "--format xml is unknown: choose one of"), (
                [RUN, "--format", "junit"], "--format junit: give verdicts of fanin ab or compare"), (
                [SOURCE / "README.md", "--format", "csv"], "not JSON"):
            done = subprocess.run([BUILD / "fanin", "export", *arguments], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2)
            self.assertIn(reason, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
