"""Tests of hostile text in charts and pages: markup, escapes, surrogates."""

import json
import random
import tempfile
import unicodedata
import unittest
import warnings
import xml.etree.ElementTree as xml
from pathlib import Path

from plots import load_curve, page, report
from plots.charts import micro
from plots.document import Finding, schema_findings
from plots.json_file import InputError
from plots.run_file import Run
from plots.style import StyleBook
from plots.tests import fixture, fixture_parts, load_curve_test
from plots.tests.drawing import assert_nothing_overlaps, choose_one_of_a_kind, drawn, make_every_chart
from plots.tests.report_test import Outline
from plots.text import LIMIT, clean

HOSTILE = (
    "bad $x^$",
    r"$\frac{1}{$ \$ $$ \mathdefault{x} \\",
    "--> <script>alert(1)</script> ]]> &amp; &#0; <!-- -- --- -->",
    "'\" onerror=alert(1) {{ 7 * 7 }} {% raw %}",
    "\x1b[2J\x1b]0;title\x07 \x00\x01\b\x7f\x9b31m",
    "two\nlines\r\nand\ttabs\u2028more\x85\x0b\x0c",
    "\ud800 half \udfff",
    "\ufffe\uffff\U0001fffe \u202eturned\u2066 \u200b \ufeff",
    "_nolegend_",
    "%s %d {} {0} %",
    "a" * 5000,
    "two words " * 500,
    "W\u00fcrde \u4e2d\u6587 \U0001f600 e\u0301",
    "",
)


def random_texts(count):
    """Texts of characters that are special to a parser, or unprintable."""
    random_ = random.Random(14)
    alphabet = [*"$\\^_{}<>&'\"-!]%#\n\t\r\0\x1b\x9f", "\ud83d", "\udc00", "\uffff", "\u202e", "a", " ", "\U0010ffff"]
    return ["".join(random_.choices(alphabet, k=random_.randrange(1, 60))) for _ in range(count)]


def filled(run, text):
    """The run with `text` in every place whose schema permits any text."""
    some = text or " "  # what must not be empty
    start = run["environment"]["start"]
    start["cpu"]["model"] = start["hypervisor"] = start["clocksource"] = text
    start["kernel"]["release"] = some
    start["build"]["git_commit"] = text
    start["unreadable"] = {some: some}
    run["suite"]["description"] = some
    for each in run["suite"]["experiments"]:
        each["title"] = some
    for each in run["servers"]:
        each["summary"] = text
    run["conformance"][0] |= {"status": "failed", "reason": some, "protocol": some}
    for each in run["rounds"]:
        each["load"]["verdict"] = {"status": "warning", "reasons": [{"code": "late-sends", "text": some}]}
        each["load"]["bottleneck"]["reason"] = some
        each["load"]["workload"]["protocol"] = some
        each["server"]["stderr_tail"] = text
    run["cells"][0] |= {"status": "failed", "reason": some}
    for each in run["summaries"]:
        if each["metric"] == "response_p99_ns":
            each |= {"n": 0, "median": None, "low": None, "high": None, "coverage": None, "reason": some}
    for each in run["slopes"]:
        if each["server"] == "select":
            each |= {"n": 0, "median": None, "low": None, "high": None, "coverage": None, "reason": some}
    return run


class HostileText(unittest.TestCase):
    def written(self, figures):
        """The SVGs of figures, after an XML parser has read them."""
        with tempfile.TemporaryDirectory() as directory, warnings.catch_warnings():
            warnings.simplefilter("error")
            for index, (stem, figure) in enumerate(figures):
                self.assertRegex(stem, r"^[A-Za-z0-9_.+-]{1,120}$")
                _, svg = page.save(figure, Path(directory) / str(index))
                xml.parse(svg)
                yield svg.read_bytes()

    def check_run(self, text):
        document = filled(make_every_chart(), text)
        self.assertEqual(schema_findings(document, "fanin-run", limit=1), [])
        run = Run(document, "run.json")
        book = StyleBook(run.servers)
        chosen = [(stem, draw(run, each, book)) for stem, draw, each in choose_one_of_a_kind(run)]
        for stem, figure in chosen:
            assert_nothing_overlaps(self, stem, figure)
        svgs = self.written(chosen)
        pictures = [report.Picture(stem, figure.texts[0].get_text(), next(svgs), "default") for stem, figure in chosen]
        self.assertGreater(len(pictures), 2)
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / report.NAME
            report.write(run, pictures, path)
            self.check_html(path.read_bytes().decode("utf-8"), len(pictures))

    def check_html(self, html, pictures):
        outline = Outline(html)
        self.assertEqual(outline.open, [])
        self.assertEqual(len(outline.loads), pictures)  # and no script
        self.assertEqual([c for c in html if c != "\n" and unicodedata.category(c) in ("Cc", "Cs", "Cf", "Cn")], [])
        self.assertLessEqual(max(map(len, outline.words)), 4 * LIMIT)

    # Would catch: no charts, since the stderr of a server ends with "bad $x^$"; an SVG that no browser opens.
    def test_a_run_with_hostile_text_is_drawn(self):
        for text in (*HOSTILE, *random_texts(3)):
            with self.subTest(text=text[:80]):
                self.check_run(text)

    def test_a_curve_with_hostile_text_is_drawn(self):
        for text in (*HOSTILE[::2], *random_texts(2)):
            with self.subTest(text=text[:80]):
                document = load_curve_test.usual()
                document["version"] = text
                document["points"][0] |= {"result": None, "reason": text or " "}
                document["points"][1]["result"]["verdict"] = {"status": "invalid", "reasons": [{"code": "no-reply", "text": text or " "}]}
                document["points"][1]["result"]["workload"]["protocol"] = text or " "
                figure = load_curve.draw(document)
                assert_nothing_overlaps(self, "curve", figure)
                list(self.written([("curve", figure)]))

    def test_micro_benchmarks_with_hostile_names_are_drawn(self):
        for text in (*HOSTILE[::2], *random_texts(2)):
            with self.subTest(text=text[:80]):
                document = fixture_parts.make_micro()
                document["context"] |= {"num_cpus": text, "date": text}
                for each in document["benchmarks"][:9] + document["benchmarks"][-2:]:
                    each["name"] = each["run_name"] = f"{text}/{each['name']}"
                    each["error_message"] = text
                list(self.written(micro.draw_all(*self.load_micro(document)).items()))

    def load_micro(self, document):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "micro.json"
            path.write_text(json.dumps(document), encoding="utf-8")
            return micro.load_micro(path)

    def test_long_names_are_cut(self):
        # Would catch: a legend or tick labels wider than the page.
        names = [f"server-{index}-" + "of_a_long_name" * 6 for index in range(10)]
        experiments = (
            ("single", "one value", tuple(names), "connections", (10,), None),
            ("many", "two values", tuple(names[:3]), "connections", (1, 10), None),
            ("idle", "idle", tuple(names[:3]), "idle_connections", (0, 10), None),
        )
        for stem, figure in drawn(fixture.make_run([(name, "epoll") for name in names], experiments, {})).items():
            assert_nothing_overlaps(self, stem, figure)

    def test_messages_are_one_line(self):
        # Would catch: an escape sequence of a file that sets the title of the terminal through a message.
        for text in (*HOSTILE, *random_texts(50)):
            for message in (str(Finding("$", text)), str(InputError(text)), clean(text)):
                self.assertNotRegex(message, "[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202e]")
                self.assertLessEqual(len(message), LIMIT)

    def test_clean_text_is_unchanged(self):
        for text in ("select: 1013 descriptors", "AMD EPYC \u00b7 2 CPUs", "\u4e2d\u6587", r"C:\new $5", "a" * LIMIT):
            self.assertEqual(clean(text), text)
        self.assertEqual(clean("a\x1b[31m\n\ud800\u202e"), "a\\x1b[31m \\ud800\\u202e")


if __name__ == "__main__":
    unittest.main()
