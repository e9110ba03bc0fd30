"""Tests of the generated parts of the README and docs/results.md, with the claims, and of the links of all documents."""

import gzip
import json
import re
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from plots import comparison_page, programs, publish, results_page, selftest_page, simulation_page, stored_runs_page, tables, ticks
from plots.json_file import InputError, read_json
from plots.run_file import Run, load_run
from plots.tests import fixture
from plots.tests.fixture_parts import (
    comparison_document,
    figure,
    ratio,
    selftest_document,
    simulation_part,
    validation_document,
)
from plots.text import cleaned
from plots.validate import findings as validate_findings

PARTS = {name: tables.markers(name) for name in ("chart", "findings")}
README = "# before\n\n" + "\nbetween\n".join(f"{a}\nold figures\n{b}" for a, b in PARTS.values()) + "\n\nafter\n"


def finished_run():
    gaps = {cell: gap for cell, gap in fixture.GAPS.items() if gap[0] != "pending"}
    experiments = [each for each in fixture.EXPERIMENTS if each[0] == "active-idle"]
    return fixture.make_run([(name, name) for name in experiments[0][2]], experiments, gaps)


class Publish(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.top = Path(scratch.name)
        (self.top / "README.md").write_text(README, encoding="utf-8")
        self.run_ = finished_run()

    def publish(self):
        (self.top / "run").mkdir(exist_ok=True)
        fixture.write_run(self.top / "run", self.run_, micro=False)
        with mock.patch.object(publish, "_draw", return_value=["active-idle-overview.png"]):
            publish.publish(self.top / "run", top=self.top)
        return (self.top / "README.md").read_text(encoding="utf-8")

    def test_replaces_what_is_between_the_markers_and_keeps_the_rest(self):
        text = self.publish()
        self.assertTrue(text.startswith(f"# before\n\n{PARTS['chart'][0]}\n"))
        self.assertIn(f"{PARTS['chart'][1]}\nbetween\n{PARTS['findings'][0]}\n", text)
        self.assertTrue(text.endswith(f"{PARTS['findings'][1]}\n\nafter\n"))
        self.assertNotIn("old figures", text)
        self.assertIn("](results/reference/charts/active-idle-overview.png)", text)

    def test_the_reference_is_the_run_itself(self):
        self.publish()
        document = json.loads(gzip.decompress((self.top / "results/reference/run.json.gz").read_bytes()))
        self.assertEqual(document, self.run_)
        self.assertEqual(load_run(self.top / "results/reference").document, self.run_)

    def publish_with(self, *documents):
        (self.top / "run" / "comparisons").mkdir(parents=True)
        for number, document in enumerate(documents):
            path = self.top / "run" / "comparisons" / f"{number}.json"
            path.write_text(json.dumps(document), encoding="utf-8")
        text = self.publish()
        return text, self.page()

    def page(self):
        return (self.top / results_page.PAGE).read_text(encoding="utf-8")

    def test_comparisons_are_copied_and_shown(self):
        echo = comparison_document(skipped=[{"name": "hey", "reason": "not installed"}])
        text, page = self.publish_with(echo)
        self.assertIn("](docs/results.md)", text)
        self.assertIn("Not measured: `hey` (not installed).", page)
        self.assertEqual(json.loads((self.top / "results/reference/comparisons/0.json").read_text()), echo)

    def test_a_reference_published_again_keeps_its_memory_run(self):
        """Would catch: republishing the reference deletes the memory run of all models."""
        (self.top / "run" / "memory").mkdir(parents=True)
        fixture.write_run(self.top / "run" / "memory", self.run_, micro=False)
        self.publish()
        reference = self.top / "results/reference"
        with mock.patch.object(publish, "_draw", return_value=[]):
            publish.publish(reference, top=self.top)
        self.assertEqual(load_run(reference / "memory").document, self.run_)

    def test_comparisons_of_an_earlier_run_are_gone(self):
        """Would catch: a page with the comparisons of an earlier run."""
        self.publish_with(comparison_document())
        (self.top / "run" / "comparisons" / "0.json").unlink()
        self.publish()
        self.assertNotIn("minimal-epoll-client", self.page())

    def test_twice_is_the_same(self):
        self.assertEqual((self.publish(), self.page()), (self.publish(), self.page()))

    def test_only_servers_whose_intervals_do_not_overlap_are_slowed(self):
        """Would catch: a finding that calls noise a slowdown."""
        for server, low in (("epoll", 80.0), ("poll", 95.0)):
            for value, (median, high) in ((0, (100.0, 110.0)), (10000, (85.0, 90.0))):
                for each in self.run_["summaries"]:
                    if (each["cell"], each["metric"]) == (f"active-idle/{server}/{value}", "throughput_per_s"):
                        each.update(median=median, low=min(low, median), high=high)
        run = Run(self.run_, "run.json")
        self.assertIn("poll`, not `epoll`.** ", results_page.findings(run, run))

    def test_a_cost_that_may_be_zero_is_no_finding(self):
        """The bug: an idle connection of `nonblocking` cost 1.96 KiB, with an interval from 0 to 7 KiB."""
        totals = [each for each in self.run_["slopes"] if each["metric"] == "memory_total_bytes"]
        self.assertGreater(len(totals), 2)
        cheapest = min(totals, key=lambda each: each["median"])
        self.assertIn(f"with `{cheapest['server']}`**, kernel", results_page.findings(*2 * [Run(self.run_, "run.json")]))
        cheapest["low"] = 0.0
        self.assertNotIn(f"with `{cheapest['server']}`**, kernel", results_page.findings(*2 * [Run(self.run_, "run.json")]))

    def test_every_sentence_comes_from_the_summaries(self):
        run = Run(self.run_, "run.json")
        text = results_page.page(run, [])
        experiment = next(each for each in run.experiments if each.parameter == "idle_connections")
        ends = [
            run.summary(run.cell(experiment, "epoll", value), "throughput_per_s")["median"]
            for value in (experiment.values[0], experiment.values[-1])
        ]
        # The quotient of two intervals is no interval: only the percentage of the medians is shown.
        self.assertRegex(text, rf"(?m) \({100 * ends[1] / ends[0]:.0f} %\)$")

    def test_the_table_has_intervals(self):
        """The bug: medians without intervals of a run in which the machine had two speeds."""
        run = fixture.make_run()
        wanted = ("echo-closed/epoll/10", "throughput_per_s")
        summary = next(each for each in run["summaries"] if (each["cell"], each["metric"]) == wanted)
        summary |= {"median": 226_000.0, "low": 158_000.0, "high": 233_000.0}
        text = results_page.table(Run(run, "run.json"))
        self.assertIn("226k (158k to 233k)<br>", text)
        self.assertRegex(text, r"with their intervals \([0-9.]+ % confidence; ")

    def test_the_published_exit_codes_are_those_of_fanin_load(self):
        """The bug: exit code 1 of an invalid result, which has been 5 since there are assertions."""
        document = read_json(programs.TOP / "results/reference/comparisons/fault-injection-epoll.json")
        self.assertEqual({note.rsplit(" ", 1)[1] for note in document["notes"]}, {"0", "5"})

    def test_every_median_has_its_own_interval(self):
        run = Run(self.run_, "run.json")
        experiment = next(each for each in run.experiments if each.parameter == "idle_connections")
        summary = run.summary(run.cell(experiment, "epoll", 0), "throughput_per_s")
        low, median, high = (ticks.count(summary[key]) for key in ("low", "median", "high"))
        self.assertIn(f"`epoll`: {median}/s ({low} to {high}) with 0 idle", results_page.page(run, []))

    def test_controls_show_the_difference_of_two_identical_servers(self):
        original = next(each for each in self.run_["cells"] if each["id"] == "active-idle/epoll/100")
        control = original | {"id": original["id"] + "/aa", "role": "aa"}
        self.run_["cells"].append(control)
        summary = next(
            each
            for each in self.run_["summaries"]
            if (each["cell"], each["metric"]) == (original["id"], "throughput_per_s")
        )
        self.run_["summaries"].append(summary | {"cell": control["id"], "median": summary["median"] * 0.9})
        lines = results_page.page(Run(self.run_, "run.json"), []).splitlines()
        (row,) = (line for line in lines if line.startswith("| `active-idle/epoll/100`, requests per second |"))
        self.assertIn(f"| {ticks.count(summary['median'])} (", row)
        self.assertTrue(row.endswith("| 10 % |"), row)

    def test_the_reference_itself_can_be_published_again(self):
        # The bug: it was deleted before it was read.
        first = self.publish()
        with mock.patch.object(publish, "_draw", return_value=["active-idle-overview.png"]):
            publish.publish(self.top / "results/reference", top=self.top)
        self.assertEqual((self.top / "README.md").read_text(encoding="utf-8"), first)
        self.assertEqual(load_run(self.top / "results/reference").document, self.run_)

    def test_a_run_that_nobody_can_repeat_is_refused(self):
        for change in (
            lambda run: run.update(complete=False),
            lambda run: run["environment"]["start"]["build"].update(git_dirty=True),
        ):
            self.run_ = finished_run()
            change(self.run_)
            with self.assertRaises(InputError):
                self.publish()
        self.assertEqual((self.top / "README.md").read_text(encoding="utf-8"), README)

    def test_a_readme_without_markers_is_not_published(self):
        (self.top / "README.md").write_text("# nothing\n", encoding="utf-8")
        with self.assertRaises(InputError):
            self.publish()


class Selftest(unittest.TestCase):
    """The error rates of docs/statistics.md."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.top = Path(scratch.name)
        self.result = self.top / selftest_page.RESULT
        self.result.parent.mkdir(parents=True)
        parts = "\n\n".join("\nold\n".join(tables.markers(name)) for name in ("selftest", "simulation", "stored runs"))
        (self.top / "docs").mkdir()
        (self.top / selftest_page.PAGE).write_text(f"# before\n\n{parts}\n\nafter\n", encoding="utf-8")

    def publish(self, document=None):
        if document:
            self.result.write_text(json.dumps(document), encoding="utf-8")
        publish.publish_selftest(self.result, self.top)
        return (self.top / selftest_page.PAGE).read_text(encoding="utf-8")

    def test_the_fixture_is_valid(self):
        self.assertEqual(validate_findings(selftest_document(), "test"), [])

    def test_the_document_shows_the_committed_result(self):
        """Would catch: a new result that is not published."""
        document, stored = (
            cleaned(read_json(path)) if path.exists() else None
            for path in (programs.TOP / selftest_page.RESULT, programs.TOP / stored_runs_page.RESULT)
        )
        text = (programs.TOP / selftest_page.PAGE).read_text(encoding="utf-8")
        for name, content in (
            ("selftest", selftest_page.section(document)),
            ("simulation", simulation_page.section(document and document["simulation"])),
            ("stored runs", stored_runs_page.section(stored)),
        ):
            self.assertEqual(text, tables.replaced(text, name, content, "statistics.md"))

    def test_without_a_result_it_says_so(self):
        text = self.publish()
        self.assertIn("Not measured yet", text)
        self.assertNotIn("old", text)

    def test_twice_is_the_same(self):
        first = self.publish(selftest_document())
        self.assertEqual(first, self.publish())
        self.assertTrue(first.startswith("# before\n\n<!-- selftest") and first.endswith("<!-- end of stored runs -->\n\nafter\n"))

    def test_every_figure_is_shown(self):
        text = self.publish(selftest_document())
        row = "| `cpu+2%-60s` | `epoll` | 9 of 10 (50 % to 95 %) | +2.10 % | +2.00 % | 9 of 10 (50 % to 95 %) | 44 s | 12 |"
        for part in (row, "11 sessions on Fixture CPU, Linux 6.1.0-fixture", "1 of them had no result"):
            self.assertIn(part, text)
        for row in (
            "that raised an alarm: false alarms, at most 1.23 % at 95 % | 0 of 10 | 50 % to 95 % |",
            "that would have raised one without a band | 1 of 10 |",
            "that include 0 % | 9 of 10 |",
            "that include the expected change | 9 of 10 |",
        ):
            self.assertIn(row, text)

    def test_the_simulation_is_shown(self):
        """Would catch: a procedure that fails and is not marked, or one that is left out."""
        document = selftest_document() | {"simulation": simulation_part()}
        self.assertEqual(validate_findings(document, "test"), [])
        text = self.publish(document)
        for part in (
            "| `median_interval`, made up | ≥ 93.75 | 95.0 | **95.0** |",
            "| `fanin ab`, made up | ≤ 1 | 95.0 | **95.0** |",
            "| `fanin ab`, made up | - | 95.0 | **95.0** |",
            "`clopper_pearson`, made up, stated ≥ 95 %: 95.0 % at 1 %.",
            "| walk | it walks |",
        ):
            self.assertIn(part, text)

    def test_a_simulation_needs_no_sessions(self):
        document = selftest_document() | {"simulation": simulation_part(), "sessions": [], "machine": None}
        document["environment"] = None
        document["summary"] = dict.fromkeys(document["summary"]) | {"power": []}
        text = self.publish(document)
        self.assertIn("Not measured yet: `fanin selftest", text)
        self.assertNotIn("Not simulated yet", text)

    def test_stored_runs_are_shown(self):
        runs = [figure("same commit: exit code 1", "pairs", 2, high=1, holds=False)]
        stored = validation_document("stored-runs", *runs, notes=["20 pairs"])
        (self.top / stored_runs_page.RESULT).write_text(json.dumps(stored), encoding="utf-8")
        text = self.publish(selftest_document())
        self.assertIn("| same commit: exit code 1 | 2 | ≤ 1 | **no** |", text)
        self.assertIn("\n20 pairs.\n", text)

    def test_sessions_without_controls(self):
        document = selftest_document()
        document["sessions"] = document["sessions"][-1:]
        document["summary"] = dict.fromkeys(document["summary"]) | {"power": []}
        self.assertIn("No session had a control.", self.publish(document))

    def test_a_summary_that_does_not_follow_from_its_sessions_is_refused(self):
        """Would catch: published error rates that the sessions do not have."""
        for place in ("power", "false_alarms", "coverage_of_control_intervals"):
            document = selftest_document()
            share = document["summary"][place]
            share = share[0]["found"] if place == "power" else share
            share["count"] -= 1 if share["count"] else -1
            with self.assertRaisesRegex(InputError, rf"summary\.{place}.* of 10, but the sessions give"):
                self.publish(document)

    def test_another_document_or_a_missing_file_is_refused(self):
        with self.assertRaises(InputError):
            self.publish(comparison_document())
        with self.assertRaises(InputError):
            publish.publish_selftest(self.top / "none.json", self.top)


PROGRAM = programs.find_program("fanin-server")
LISTING = {"models": [{"name": "epoll", "summary": "one thread", "threads": "one", "worker_processes": False}]}


DOCUMENTS = [*programs.TOP.glob("*.md"), *(programs.TOP / "docs").glob("*.md"), programs.TOP / "results/README.md"]


def anchors(path):
    """The anchors of the headings of a Markdown file."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


class Links(unittest.TestCase):
    def test_every_link_has_a_target(self):
        """Would catch: a link to a renamed document or section."""
        for document in DOCUMENTS:
            for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
                path, _, anchor = link.partition("#")
                target = document.parent / path if path else document
                with self.subTest(document=document.name, link=link):
                    if "://" not in link:
                        self.assertTrue(target.exists())
                        self.assertTrue(not anchor or anchor in anchors(target))


def find_files():
    """Paths of the files of the project, with and without their endings, and of its directories."""
    top = programs.TOP
    inner = [path for each in top.iterdir() if each.is_dir() and each.name[0] != "." for path in find_below(each)]
    paths = {path.relative_to(top) for path in inner}
    return {str(each) for path in paths for each in (path, path.with_suffix(""), *path.parents)}


def find_below(directory):
    return [] if directory.name == "build" else directory.rglob("*")


class Names(unittest.TestCase):
    """Documents name files and tests, which are renamed."""

    def test_files_exist(self):
        files = find_files()
        tops = {path.partition("/")[0] for path in files} - {"."}
        for document in DOCUMENTS:
            for name in set(re.findall(r"`([\w.-]+(?:/[\w.-]+)+)/?`", document.read_text(encoding="utf-8"))):
                made = name.startswith(("results/", "build/")) or "NAME" in name
                if name.partition("/")[0] in tops and not made:
                    self.assertTrue(name in files, f"{document.name}: there is no {name}")

    def test_tests_of_the_claims_exist(self):
        """Would catch: a claim about the generator whose test is gone."""
        text = (programs.TOP / "docs/methodology.md").read_text(encoding="utf-8")
        rows = re.findall(r"^\| \d+ \|.*\|(.*)\|$", text, re.MULTILINE)
        self.assertGreater(len(rows), 10)
        for row in rows:
            tests = "".join((programs.TOP / path).read_text("utf-8") for path in re.findall(r"`([\w/]+\.(?:cc|py))`", row))
            for name in re.findall(r"`\.?(?:\w+\.)?([A-Z]\w+|test_\w+)`", row):
                self.assertRegex(tests, rf"\b{name}\b")


class Models(unittest.TestCase):
    def setUp(self):
        self.text = (programs.TOP / "README.md").read_text(encoding="utf-8")

    # The tests of the charts run without a build; ./run_tests.sh builds the program before it runs them.
    @unittest.skipUnless(PROGRAM, "no fanin-server is built")
    def test_the_table_is_that_of_the_program(self):
        """Would catch: a new or renamed model that is not in the README: run python3 -m plots.tables."""
        table = tables.model_table(tables.list_models(PROGRAM))
        self.assertEqual(self.text, tables.replaced(self.text, "models", table, "README.md"))

    def test_a_row_links_to_the_file_and_has_its_requirements(self):
        (_, _, row) = tables.model_table(LISTING).splitlines()
        self.assertTrue(row.startswith("| [`epoll`](servers/models/epoll.cc) | one thread | one | epoll"), row)

    def test_the_readme_has_at_most_150_lines(self):
        """Would catch: tables that push the first command out of sight."""
        self.assertLessEqual(len(self.text.splitlines()), 150)

    def test_a_readme_without_the_markers_is_refused(self):
        with self.assertRaises(InputError):
            tables.replaced("# nothing\n", "models", "", "README.md")


def rows(*documents):
    (table,) = comparison_page.claims_table(documents)
    return table.splitlines()[2:]


class Claims(unittest.TestCase):
    def test_the_figure_nearest_to_its_bound_is_shown(self):
        (row,) = rows(
            validation_document(
                "stall",
                figure("p50 at 2,000/s", "ms", 0.02, 0.0, 0.0, 0.5),  # the best possible value, near its lower bound
                figure("p90 at 2,000/s", "ms", 2.5, 2.1, 1.6, 2.6),
                figure("max at 2,000/s", "ms", 101.0, 100.0, 97.0, 103.0),
            )
        )
        self.assertTrue(row.endswith("| 2.5 ms: p90 at 2,000/s, `epoll` | 1.6 to 2.6 ms | pass |"), row)

    def test_a_figure_that_fails_is_shown_before_all_others(self):
        (row,) = rows(
            validation_document("stall", figure("p90 at 2,000/s", "ms", 2.599, 2.1, 1.6, 2.6)),
            validation_document("stall", figure("p99 at 2,000/s", "ms", None, 90.0, 87.0, 93.0, False), driver="io-uring"),
        )
        self.assertIn("| \u2014: p99 at 2,000/s, `io-uring` | 87 to 93 ms | **fail**: 1 of 2 pass |", row)

    def test_bounds_on_one_side(self):
        (row,) = rows(
            validation_document(
                "open-loop",
                figure("sends within 100 us of their time, uniform", "share", 0.9995, low=0.999),
                figure("sends within 100 us of their time, poisson", "share", 0.998, low=0.999, holds=False),
            )
        )
        self.assertIn("| 0.998: sends within 100 us of their time, poisson, `epoll` | ≥ 0.999 | **fail**: 1", row)

    def test_a_figure_without_tolerance(self):
        none = figure("a server that drips bytes", "faults", 0, 0, 0, 0)
        two = figure("a server that resets", "faults", 2, 0, 0, 0, False)
        (row,) = rows(validation_document("fault-injection", none, two))
        self.assertIn("| 2 faults: a server that resets, `epoll` | = 0 faults | **fail**: 1 of 2 pass |", row)

    def test_a_figure_without_bounds_is_no_claim(self):
        validation = validation_document("interleaving", figure("A/A throughput, mean over 20 runs", "ratio", 1.004, 1.0))
        self.assertEqual(comparison_page.claims_table([validation]), [])

    def test_the_figure_of_the_minimal_program_is_shown(self):
        mine = figure("new connections per second", "1/s", 15000.0, low=25000.0, holds=False)
        minimal = figure("minimal-connector: new connections per second", "1/s", 21000.0)
        (row,) = rows(validation_document("scale", mine, minimal))
        self.assertIn("| 15,000/s: new connections per second, `epoll`; `minimal-connector`, a minimal", row)
        self.assertIn("program: 21,000/s | ≥ 25,000/s | **fail** |", row)

    def test_costs(self):
        epoll, uring = rows(comparison_document())
        self.assertIn("`fanin-load epoll` to `minimal-epoll-client` | 1.050 (0.900 to 1.200): 64-byte echo, 50", epoll)
        self.assertTrue(epoll.endswith("| ≤ 1.05 | pass |"), epoll)
        self.assertTrue(uring.endswith("| ≤ 0.95 | **fail** |"), uring)
        self.assertIn("; `minimal-uring-client`, which records nothing, has 0.750 (0.900 to 1.200) |", uring)
        self.assertNotIn("records nothing", epoll)

    def test_the_figure_of_the_minimal_recording_program_is_shown_too(self):
        names = ("fanin-load io-uring", "minimal-uring-client", "minimal-uring-client record")
        ratios = [ratio(name, "minimal-epoll-client", 0.9) for name in names]
        (row,) = rows(comparison_document(ratios=ratios))
        self.assertIn("; `minimal-uring-client`, which records nothing, has 0.900 (0.900 to 1.200)", row)
        self.assertIn("; `minimal-uring-client record`, which records as little as possible, has 0.900", row)

    def test_the_worst_driver_and_number_of_connections_are_shown(self):
        http = {"kind": "generator-http", "rows": []}
        one = [ratio("fanin-load epoll", "wrk", 0.7)]
        few = comparison_document(title="file, 50 connections: own CPU", ratios=one, **http)
        many = [ratio("fanin-load epoll", "wrk", 0.75), ratio("fanin-load io-uring", "wrk", 0.79), ratio("x", "wrk", 9)]
        (row,) = rows(few, comparison_document(title="file, 1000 connections: own CPU", ratios=many, **http))
        self.assertIn("| 0.790 (0.900 to 1.200): `fanin-load io-uring`, file, 1000 connections | ≤ 0.80 |", row)

    def test_every_figure_belongs_to_a_claim(self):
        """Would catch: a figure that is renamed in validation/ and disappears from docs/results.md."""
        from validation import validate_interleaving, validate_open_loop, validate_scale, validate_stall

        schedule = {
            "asked_rate_per_s": 1,
            "achieved_rate_per_s": 1,
            "tolerance_ns": 1e5,
            "within_tolerance_share": 1,
            "late_by_preemption_share": 0.0,
        }
        result = {"schedule": schedule, "generator": {"preemptions": None}}
        ratios = {key: {"estimate": 1, "low": 0.9, "high": 1.1} for key in validate_interleaving.kRatios}
        counts = ("established", "served", "failed", "idle_established", "idle_served", "idle_lost", "setup_ns")
        many = {
            "connections": dict.fromkeys(counts, 1),
            "requests": {"sent": 1, "completed": 1},
            "generator": {"max_rss_bytes": 1},
        }
        latency = {"latency": {"response": {"max": 1, "percentiles": dict.fromkeys(validate_stall.kPercentiles, 1)}}}
        for kind, made in (
            ("open-loop", validate_open_loop.schedule_figures(result, "uniform", "1 connection")),
            ("open-loop", validate_open_loop.gap_figures({"1 connection": [[1, 1]], "1,000 connections": [[1, 1]]})),
            ("interleaving", validate_interleaving.a_a_figures([ratios, ratios]) + validate_interleaving.a_b_figures(ratios)),
            ("stall", validate_stall.figures([latency], 2000, 100000)),
            ("scale", validate_scale.figures(many, many, 1000)),
        ):
            bounded = [each for each in made if (each["low"], each["high"]) != (None, None)]
            found = list(comparison_page.find_figures(validation_document(kind, *made)))
            self.assertEqual(len(found), len(bounded), kind)


class Page(unittest.TestCase):
    def test_a_row_for_each_program_and_a_column_for_each_baseline(self):
        lines = "\n".join(comparison_page.sections([comparison_document()])).splitlines()
        (head,) = (line for line in lines if line.startswith("| 64-byte echo"))
        self.assertIn("| to `minimal-epoll-client`, 4.00 \u00b5s | to `minimal-uring-client`, 3.00 \u00b5s |", head)
        self.assertIn("| `fanin-load epoll` | 4.20 \u00b5s | 1.050 (0.900 to 1.200) | 1.400 (0.900 to 1.200) |", lines)
        self.assertIn("| `minimal-uring-client` | 3.00 \u00b5s | 0.750 (0.900 to 1.200) |  |", lines)

    def test_a_figure_that_fails_is_marked(self):
        document = validation_document(
            "stall",
            figure("p99 at 2,000/s", "ms", 90.7, 90.2, 87.5, 92.9),
            figure("p99 at 9/s", "ms", None, 90.2, 87.5, 92.9, False),
            figure("words", "count", 1, low=1),
            notes=["the machine stalled"],
        )
        page = "\n".join(comparison_page.sections([document]))
        self.assertIn("| p99 at 2,000/s | 90.7 ms | 90.2 ms | 87.5 to 92.9 ms | pass |", page)
        self.assertIn("| p99 at 9/s | \u2014 | 90.2 ms | 87.5 to 92.9 ms | **fail** |", page)
        self.assertIn("| words | 1 | \u2014 | ≥ 1 | pass |", page)
        self.assertIn("- the machine stalled", page)


if __name__ == "__main__":
    unittest.main()
