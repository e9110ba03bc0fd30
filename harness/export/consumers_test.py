"""Each format of `fanin export` is read by the tool that it is made for.

Arguments: the build directory, the source directory. Skips, with the reason, a consumer that is not installed.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(sys.argv[1])
SOURCE = pathlib.Path(sys.argv[2])
RUN = SOURCE / "results/reference/run.json.gz"
CELL = "echo-closed/epoll/100"
COMPARE = pathlib.Path("/usr/share/benchmark/compare.py")
HDR_HISTOGRAM = pathlib.Path("/usr/share/java/hdrhistogram.jar")


def export(form, *options):
    done = subprocess.run([BUILD / "fanin", "export", RUN, "--format", form, *options],
                          capture_output=True, text=True, check=True)
    return done.stdout


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

#HdrHistogram's own reader finds as many samples and the same mean and maximum as our percentile table has.
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

#Bencher's rules: names of benchmarks and measures are not empty, values are finite, bounds enclose the value.
    def test_bencher_metrics_keep_its_rules(self):
        results = json.loads(export("bencher"))
        self.assertIn("server_cpu_per_request_ns", results[CELL])
        for measures in results.values():
            for metric in measures.values():
                self.assertEqual(set(metric), {"value", "lower_value", "upper_value"})
                self.assertLessEqual(metric["lower_value"], metric["value"])
                self.assertLessEqual(metric["value"], metric["upper_value"])

#The fields that github - action - benchmark takes from a custom result, with their types.
    def test_benchmark_action_has_its_fields(self):
        for form in "benchmark-action-smaller", "benchmark-action-bigger":
            entries = json.loads(export(form))
            self.assertTrue(entries)
            for entry in entries:
                self.assertIsInstance(entry["name"], str)
                self.assertIsInstance(entry["unit"], str)
                self.assertIsInstance(entry["value"], (int, float))
            self.assertEqual(len({entry["name"] for entry in entries}), len(entries))

    def test_refusals_are_one_line(self):
        for arguments, reason in (
            [RUN, "--format", "hgrm"], "choose it by --cell"), ([RUN, "--format", "xml"], "--format xml: choose one of"), (
                [SOURCE / "README.md", "--format", "csv"], "not JSON"):
            done = subprocess.run([BUILD / "fanin", "export", *arguments], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2)
            self.assertIn(reason, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
