"""Tests of docs/kernels.md, the kernels of the README, and the program that writes them."""

import json
import re
import tempfile
import unittest
from pathlib import Path

from plots import programs, publish, tables, validate
from plots.json_file import InputError, read_json
from plots.ledger import markdown, words
from plots.ledger.bars import sum_subsystems
from plots.ledger.document import Ledger, load
from plots.ledger.reduce import OTHERS, reduce
from plots.tests.ledger_fixture import KERNELS, make_ledger
from plots.tests.publish_test import publish_finished_run

README = "# before\n\n{}\nold\n{}\n\nafter\n".format(*tables.markers("kernels"))
ALL = [f"{stem}.png" for stem in markdown.list_charts(Ledger(make_ledger()))] + [markdown.FLAME]


class Page(unittest.TestCase):
    def setUp(self):
        self.ledger = Ledger(make_ledger())
        self.text = markdown.page(self.ledger, ALL)

    def test_every_sentence_about_kernels_has_its_figure(self):
        """Would catch: a sentence that stays true whatever was counted."""
        body = self.text.split("## Each model on each kernel")[1]
        lines = [each for each in body.splitlines() if each.startswith("- ") or each.startswith("From ")]
        self.assertGreater(len(lines), 4)
        for line in lines:
            if not line.endswith(":"):
                self.assertRegex(line, r"\d", line)

    def test_the_functions_and_the_rest_make_up_the_change(self):
        """Would catch: a function that the page leaves out without a word."""
        base, now = (self.ledger.find(markdown.CELL, each) for each in KERNELS)
        rows = re.findall(r"^\| [\w/ ]+ \| `[^`]+` \| [\d.,]+ \| [\d.,]+ \| ([+-][\d.,]+) \|", self.text, re.MULTILINE)
        rest = re.search(r"All others add up to ([+-]?[\d.,]+)\. ", self.text)[1]
        total = sum(float(each.replace(",", "")) for each in [*rows, rest])
        self.assertAlmostEqual(total, now["instructions_per_request"] - base["instructions_per_request"], delta=1)
        self.assertIn("| scheduler | `pick_eevdf` | 0 | 163.0 | +163.0 | picks the eligible task", self.text)

    def test_the_slope_and_the_factor_to_epoll_are_told(self):
        line = next(each for each in self.text.splitlines() if each.startswith("- `select` with 1,000 idle connections"))
        wanted = [self.ledger.find(f"readiness/{server}/1000", KERNELS[0])["instructions_per_request"] for server in ("select", "epoll")]
        self.assertIn(f"{wanted[0]:,.0f} on 6.1.0-56, {wanted[0] / wanted[1]:.1f} times `epoll` (400.0 for each idle connection)", line)

    def test_how_many_cells_have_fewer_instructions_is_told(self):
        """The bug: all cells had fewer, and the page said "in 10 of 10 cells"."""
        for factors, words in (((0.9, 0.9), "fewer instructions in all 2"), ((1.1, 1.1), "more instructions in all 2"), ((0.9, 1), "fewer instructions in 1 of 2")):
            document = make_ledger()
            cells = [each for each in document["cells"] if each["experiment"] == "readiness" and each["instructions_per_request"]]
            ids = sorted({each["id"] for each in cells})
            document["cells"] = [each for each in document["cells"] if each not in cells or each["id"] in ids[:2]]
            for each in cells:
                if each["id"] in ids[:2]:
                    each["instructions_per_request"] = 1000.0 if each["kernel"] == KERNELS[0] else 1000.0 * factors[ids.index(each["id"])]
            with self.subTest(words=words):
                self.assertIn(f"a request executes {words} cells", markdown._range_line(Ledger(document), "readiness", KERNELS[0], KERNELS[-1]))

    def test_memory_and_configuration_are_told(self):
        self.assertIn("| `select` | 5 KiB | 5 KiB |", self.text)
        self.assertIn("| `HZ` | 250 | 1000 |", self.text)

    def test_lists_show_what_differs(self):
        """Would catch: two lists of security modules in which nobody finds the one that is new."""
        document = make_ledger()
        document["differences"][0]["configuration"]["matter"] = ["CONFIG_LSM: yama,bpf -> yama,bpf,ipe"]
        self.assertIn("| `LSM` | ... | ipe |", markdown.page(Ledger(document), ALL))

    def test_another_order_of_the_programs_is_told(self):
        """Would catch: a change of the scheduler's decisions taken for one of its code."""
        self.assertIn("In 0 of 10 cells the programs are scheduled in a different order on 6.12.117 than on 6.1.0-56", self.text)
        document = make_ledger()
        next(each for each in document["cells"] if each["id"] == markdown.CELL and each["kernel"] == KERNELS[1])["switches"]["server"] = 1000
        self.assertIn("| `echo/epoll/1` | 1.00 \u2192 2.00 | 1.00 \u2192 1.00 |", markdown.page(Ledger(document), ALL))

    def test_a_smaller_ledger_has_a_page_too(self):
        """Would catch: a page that needs every cell of the shipped suite, or two kernels."""
        for document in (make_ledger(KERNELS[:1]), make_ledger()):
            document["cells"] = [each for each in document["cells"] if each["id"] == "echo/select/1"]
            for each in document["differences"]:
                each["cells"] = [cell for cell in each["cells"] if cell["id"] == "echo/select/1"]
            text = markdown.page(Ledger(document), [])
            self.assertNotIn("## One 64-byte echo", text)
            self.assertNotIn("](../results/reference/ledger/charts", text)

    def test_cells_without_counts_are_named(self):
        self.assertIn("- echo/io-uring/1: unsupported on 6.1.0-56: io_uring is not in this kernel", self.text)

    def test_words_are_for_names_without_suffixes(self):
        """Would catch: a text that no function of a page can get."""
        for name in words.FUNCTIONS:
            self.assertEqual(markdown._SUFFIX.sub("", name), name)
        self.assertEqual(words.describe_option("MITIGATION_MDS"), words.OPTIONS["MITIGATION_"])
        self.assertEqual(words.describe_option("HZ"), "")


class Reduced(unittest.TestCase):
    def test_no_instruction_is_lost(self):
        """Would catch: a small copy whose sums are smaller, or which charts and fanin refuse."""
        whole = make_ledger()
        copy = reduce(whole)
        self.assertEqual(validate.findings(copy, "l.json"), [])
        for cell, small in zip(whole["cells"], copy["cells"]):
            if cell["status"] == "ok":
                for key in ("instructions", "split", "switches", "memory"):
                    self.assertEqual(small[key], cell[key])
                self.assertEqual(sum_subsystems(small), sum_subsystems(cell))

    def test_what_is_small_is_not_shown_alone(self):
        whole = make_ledger()
        cell = next(each for each in whole["cells"] if each["id"] == "readiness/select/1000")
        small = next(each for each in reduce(whole)["cells"] if each["id"] == "readiness/select/1000")
        names = {each["name"] for each in small["functions"]}
        self.assertTrue({"do_select", "tcp_sendmsg", OTHERS} <= names)
        self.assertNotIn("__list_add_valid", names)
        self.assertLess(len(small["paths"]["nodes"]), len(cell["paths"]["nodes"]))
        self.assertNotIn("__list_add_valid", small["paths"]["names"])

    def test_a_cell_stays_whole(self):
        """The bug: a flame graph of the copy showed a subtree twice, since a small function that linked both sides was gone."""
        whole = make_ledger()
        for cell, small in zip(whole["cells"], reduce(whole, ["readiness/select/1000"])["cells"]):
            if cell["id"] == "readiness/select/1000":
                self.assertEqual(small, cell)

    def test_the_functions_that_changed_most_stay(self):
        whole = make_ledger()
        rows = [{"name": f"f{each}", "subsystem": "memory" if each % 2 else "timers", "base": 0, "now": 100 - each} for each in range(30)]
        whole["differences"][0]["cells"][0]["functions"] = rows
        small = reduce(whole)["differences"][0]["cells"][0]["functions"]
        self.assertEqual(small[:20], rows[:20])
        self.assertEqual([(each["name"], each["subsystem"], each["now"]) for each in small[20:]], [(OTHERS, "timers", 380), (OTHERS, "memory", 375)])


class Publish(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.top = Path(scratch.name)
        (self.top / "README.md").write_text(README, encoding="utf-8")

    def publish(self, ledger=None, path=None):
        path = path or self.top / "kernels"
        if ledger:
            path.mkdir(exist_ok=True)
            (path / "ledger.json").write_text(json.dumps(ledger), encoding="utf-8")
        publish.publish_ledger(path, self.top)
        return tuple((self.top / name).read_text(encoding="utf-8") for name in ("README.md", markdown.PAGE))

    def test_the_documents_show_the_committed_result(self):
        """Would catch: a new ledger that is not published."""
        committed = programs.TOP / markdown.RESULT
        ledger = load(committed) if committed.exists() else None
        charts = [path.name for path in (programs.TOP / markdown.CHARTS).glob("*")]
        self.assertEqual((programs.TOP / markdown.PAGE).read_text(encoding="utf-8"), markdown.page(ledger, charts))
        readme = (programs.TOP / "README.md").read_text(encoding="utf-8")
        self.assertEqual(readme, tables.replaced(readme, "kernels", markdown.introduction(ledger, charts), "README.md"))

    def test_without_a_result_the_page_says_so(self):
        readme, page = self.publish(path=self.top / markdown.RESULT)
        self.assertIn("Not measured yet: `fanin kernels ", page)
        self.assertNotIn("old", readme)
        self.assertNotIn("![", readme)
        with self.assertRaises(InputError):
            self.publish(path=self.top / "none.json")

    def test_charts_are_those_that_the_page_shows(self):
        """Would catch: a picture that is not committed, or one that nobody sees."""
        readme, page = self.publish(make_ledger())
        drawn = {path.name for path in (self.top / markdown.CHARTS).iterdir()}
        wanted = {"ledger-kernels.png", "ledger-memory.png", "ledger-echo-subsystems.png", "ledger-readiness-slope.png", markdown.FLAME}
        self.assertEqual(drawn, wanted)
        self.assertTrue(all(f"/{name})" in page for name in drawn), drawn)
        self.assertIn("](results/reference/ledger/charts/ledger-kernels.png)](docs/kernels.md)", readme)

    def test_the_reference_itself_can_be_published_again(self):
        """Would catch: the result is deleted before it is read."""
        first = self.publish(make_ledger())
        self.assertEqual(self.publish(path=self.top / markdown.RESULT), first)
        self.assertEqual(read_json(self.top / markdown.RESULT), reduce(make_ledger(), [markdown.CELL]))

    def test_a_ledger_that_nobody_can_repeat_is_refused(self):
        dirty = make_ledger()
        dirty["environment"]["build"]["git_dirty"] = True
        with self.assertRaisesRegex(InputError, "uncommitted sources"):
            self.publish(dirty)
        self.assertEqual((self.top / "README.md").read_text(encoding="utf-8"), README)

    def test_a_new_reference_run_keeps_the_ledger(self):
        """Would catch: publishing a run deletes results/reference/ledger."""
        self.publish(make_ledger())
        publish_finished_run(self.top, README)
        self.assertTrue((self.top / markdown.RESULT).exists())


if __name__ == "__main__":
    unittest.main()
