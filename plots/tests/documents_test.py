"""Tests of the documents: links, names of files and tests, the table of models, the length of the README."""

import re
import unittest

from plots import programs, tables
from plots.json_file import InputError

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


if __name__ == "__main__":
    unittest.main()
