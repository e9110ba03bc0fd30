"""Tests of the report of claims, the program that draws it, docs/claims.md and the claims of the README."""

import io
import json
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from plots import __main__ as program, programs, publish, tables, web_page
from plots.claims import document, markdown, report
from plots.text import cleaned
from plots.json_file import InputError
from plots.tests import claims_fixture as made
from plots.tests.report_test import Outline
from plots.tests.publish_test import publish_finished_run


def both():
    return made.document(*made.usual_claims(), *made.published_claims())


def written(whole, pictures=()):
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / report.NAME
        report.write(cleaned(whole), list(pictures), path)
        return path.read_text(encoding="utf-8")


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        picture = web_page.Picture("claims-wall", "8 claims", b"<?xml?><svg/>", None)
        own = web_page.Picture("claim-K2", "K2: select and poll", b"<?xml?><svg/>", "K2")
        cls.page = written(both(), (picture, own))
        cls.text = Outline(cls.page).text()

    def test_it_is_well_formed_and_loads_nothing(self):
        outline = Outline(self.page)
        self.assertEqual(outline.open, [])
        self.assertEqual(len(outline.loads), 2)
        self.assertTrue(all(each.startswith("data:image/svg+xml;base64,") for each in outline.loads))

    def test_the_wall_comes_first_and_each_claim_has_its_chart(self):
        self.assertLess(self.page.index("8 claims; the sections"), self.page.index('id="K1"'))
        self.assertLess(self.page.index('id="K2"'), self.page.index('alt="K2: select and poll'))

    def test_every_case_is_a_row(self):
        for part in (
            "100 idle epoll, 100 idle poll, 100 idle 4.3 \u00b5s 6.97 \u00b5s \u00d71.62 [1.53, 1.72] \u2265 \u00d71.5 1.00 [0.994, 1.01] 8, interleaved 3.0 % split confirmed",
            "select, 1,100 connections select 0.92 0.92 [0.92, 0.92] \u2265 0.999 none",
            "poll epoll, 0 idle poll, 0 idle 4.3 \u00b5s 129 ns \u00d70.030 [0.028, 0.032] \u2264 \u00d70.4 \u00d70.21",
        ):
            self.assertIn(part.replace("4.3 \u00b5s 129 ns", "4.3k/s 129/s"), self.text)

    def test_each_claim_says_what_it_means_and_why(self):
        for part in (
            "For your choice: It depends on the number of connections: see the flip point.",
            "Source: Gammo, Brecht, Shukla, Pariag, OLS 2004; 4 x Xeon, Linux 2.6.5",
            "from 137 [110, 170] idle connections on",
            "33.1 system calls per request instead of 2.02",
            "Confounders: idle connections also cost memory",
            "there is no node: apt-get install nodejs",
            "the rounds of one unit were disturbed",
        ):
            self.assertIn(part, self.text)

    def test_an_interrupted_measurement_says_so(self):
        self.assertNotIn("INCOMPLETE", self.text)
        self.assertIn("INCOMPLETE", written(both() | {"complete": False}))

    def test_texts_are_not_html(self):
        """Would catch: markup from a claim file."""
        claim = made.claim("K1", "<script>alert(1)</script>", made.test("one", made.case()))
        page = written(made.document(claim))
        self.assertNotIn("<script", page)
        self.assertIn("<script>alert(1)</script>", Outline(page).text())


class Program(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.here = Path(scratch.name)

    def run_program(self, whole, *arguments):
        (self.here / "claims.json").write_text(whole if isinstance(whole, str) else json.dumps(whole), encoding="utf-8")
        out, errors = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(errors):
            code = program.main(list(map(str, arguments)) or [str(self.here / "claims.json")])
        return code, [Path(line).name for line in out.getvalue().splitlines()], errors.getvalue()

    def test_a_file_and_its_directory_are_drawn(self):
        whole = made.document(made.usual_claims()[0], made.published_claims()[0])
        names = ["claims-wall", "claims-published", "claim-K2", "claim-frevib-2020"]
        files = [name + suffix for name in names for suffix in (".png", ".svg")] + ["report.html"]
        self.assertEqual(self.run_program(whole), (0, files, ""))
        self.assertTrue((self.here / "charts" / "report.html").exists())
        self.assertEqual(self.run_program(whole, self.here, "--out", self.here / "deep" / "out"), (0, files, ""))

    def test_bad_documents_are_refused_in_one_line(self):
        broken = both()
        del broken["claims"][0]["verdict"]
        counts = both() | {"summary": both()["summary"] | {"confirmed": 9}}
        for whole, said in (
            (broken, '$.claims[0]: there is no key "verdict"'),
            (counts, "$.summary.confirmed: 9, but 3 claims are confirmed"),
            (made.document(), "holds no claim"),
            ("{", "not JSON"),
        ):
            code, files, errors = self.run_program(whole)
            self.assertEqual((code, files, errors.count("\n")), (2, [], 1), errors)
            self.assertIn(said, errors)

    def test_micro_benchmarks_belong_to_a_run(self):
        code, files, errors = self.run_program(both(), self.here, "--micro", "micro.json")
        self.assertEqual((code, files), (2, []))
        self.assertIn("--micro belongs to the charts of a run", errors)


README = "# before\n\n{}\nold\n{}\n\nafter\n".format(*tables.markers("claims"))


class Publish(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.top = Path(scratch.name)
        (self.top / "README.md").write_text(README, encoding="utf-8")

    def publish(self, whole=None, path=None):
        path = path or self.top / "claims.json"
        if whole:
            path.write_text(json.dumps(whole), encoding="utf-8")
        publish.publish_claims(path, self.top)
        return ((self.top / name).read_text(encoding="utf-8") for name in ("README.md", markdown.PAGE))

    def test_the_documents_show_the_committed_result(self):
        """Would catch: a new result that is not published."""
        committed = programs.TOP / markdown.RESULT
        whole = document.load(committed) if committed.exists() else None
        charts = [path.stem for path in sorted((programs.TOP / markdown.CHARTS).glob("claim-*.png"))]
        self.assertEqual((programs.TOP / markdown.PAGE).read_text(encoding="utf-8"), markdown.page(whole, charts))
        readme = (programs.TOP / "README.md").read_text(encoding="utf-8")
        self.assertEqual(readme, tables.replaced(readme, "claims", markdown.introduction(whole), "README.md"))

    def test_without_a_result_the_page_says_so(self):
        readme, page = self.publish(path=self.top / markdown.RESULT)
        self.assertIn("Not measured yet: `fanin claims --out results/reference/claims` does.", page)
        self.assertNotIn("old", readme)
        self.assertNotIn("![", readme)
        with self.assertRaises(InputError):
            self.publish(path=self.top / "none.json")

    def test_every_claim_has_its_section(self):
        readme, page = self.publish(both())
        self.assertIn("](results/reference/claims/charts/claims-wall.png)](docs/claims.md)", readme)
        self.assertIn("3 confirmed, 1 refuted, 2 contested, 2 undecided, 1 unsupported, 1 invalid on this one", readme)
        self.assertTrue(readme.startswith("# before\n\n<!-- claims") and readme.endswith("<!-- end of claims -->\n\nafter\n"))
        for part in (
            "### K2: select and poll get slower",
            "**Contested** by 1 tests",
            "**For your choice:** It depends",
            "| with idle connections poll takes at least 1.5 times epoll's CPU time per request | poll / epoll, 100 idle | \u00d71.62 \\[1.53, 1.72] | \u2265 \u00d71.5 | confirmed |",
            "one CPU: epoll / iterative (on one CPU)",
            "- Flip point: poll takes twice",
            "## Published results",
            "| \u00d70.21 | confirmed |",
            "![K2](../results/reference/claims/charts/claim-K2.png)",
        ):
            self.assertIn(part, page)

    def test_the_reasons_in_sight_are_few(self):
        """The bug: K16 had 14 lines of reasons in sight, so that nobody read one."""
        cases = [made.case(f"case {index}", mechanism=made.mechanism(f"fact {index}; shared")) for index in range(5)]
        _, page = self.publish(made.document(made.claim("K16", "one", made.test("one", *cases))))
        shown, hidden = page.split("<details><summary>3 more reasons, case by case</summary>\n\n")
        self.assertIn("- Why: all 5 cases: shared\n", shown)
        self.assertEqual((shown.count("- Why: "), hidden.count("fact")), (3, 3))

    def test_an_undecided_claim_says_how_to_decide_it(self):
        _, page = self.publish(made.document(made.claim("K6", "one", made.test("one", made.case("a", verdict="undecided")))))
        self.assertIn("**For your choice:** None yet: fanin claims --only K6 --budget 10m measures longer.", page)

    def test_charts_are_those_that_the_page_shows(self):
        """Would catch: a picture that is not committed, or one that nobody sees."""
        _, page = self.publish(both())
        drawn = {path.stem for path in (self.top / markdown.CHARTS).iterdir()}
        self.assertEqual(drawn, {"claims-wall", "claims-published", "claim-K2", "claim-K4", "claim-frevib-2020"})
        self.assertTrue(all(f"/{stem}.png)" in page for stem in drawn))

    def test_the_reference_itself_can_be_published_again(self):
        """Would catch: the result is deleted before it is read."""
        first = tuple(self.publish(both()))
        self.assertEqual(tuple(self.publish(path=self.top / markdown.RESULT)), first)
        self.assertEqual(json.loads((self.top / markdown.RESULT).read_text(encoding="utf-8")), both())

    def test_texts_do_not_break_the_table(self):
        """Would catch: a vertical bar in a server's message that begins a column."""
        case = made.case("a | b", base_label="<b>", new_label="x_y*z")
        _, page = self.publish(made.document(made.claim("K1", "one", made.test("one", case, made.case("other")))))
        self.assertIn("| a \\| b: x\\_y\\*z / &lt;b> |", page)

    def test_a_result_that_nobody_can_repeat_is_refused(self):
        dirty = both()
        dirty["environment"]["start"]["build"]["git_dirty"] = True
        for whole, said in ((both() | {"complete": False}, "incomplete"), (dirty, "uncommitted sources")):
            with self.assertRaisesRegex(InputError, said):
                self.publish(whole)
        self.assertEqual((self.top / "README.md").read_text(encoding="utf-8"), README)

    def test_a_new_reference_run_keeps_the_claims(self):
        """Would catch: publishing a run deletes results/reference/claims."""
        self.publish(both())
        publish_finished_run(self.top, README)
        self.assertTrue((self.top / markdown.RESULT).exists())
        self.assertTrue((self.top / "results/reference/run.json.gz").exists())


if __name__ == "__main__":
    unittest.main()
