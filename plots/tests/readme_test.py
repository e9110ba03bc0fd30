"""Tests of the README and the other documents: the table of models is that of the program, links resolve."""

import re
import unittest

from plots import programs, readme
from plots.json_file import InputError

PROGRAM = programs.find_program("fanin-server")
LISTING = {"models": [{"name": "epoll", "summary": "one thread", "threads": "one", "worker_processes": False}]}


DOCUMENTS = [*readme.TOP.glob("*.md"), *(readme.TOP / "docs").glob("*.md"), readme.TOP / "results/README.md"]


def anchors(path):
    """The anchors that a renderer makes of the headings of a Markdown file."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


class Links(unittest.TestCase):
    def test_every_link_has_a_target(self):
        """Would catch: a document or a section that is renamed while others still link to it."""
        for document in DOCUMENTS:
            for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
                path, _, anchor = link.partition("#")
                target = document.parent / path if path else document
                with self.subTest(document=document.name, link=link):
                    if "://" not in link:
                        self.assertTrue(target.exists())
                        self.assertTrue(not anchor or anchor in anchors(target))


class Models(unittest.TestCase):
    def setUp(self):
        self.text = (readme.TOP / "README.md").read_text(encoding="utf-8")

    # The tests of the charts run without a build; ./run_tests.sh builds the program before it runs them.
    @unittest.skipUnless(PROGRAM, "no fanin-server is built")
    def test_the_table_is_that_of_the_program(self):
        """Would catch: a model that is added or renamed and not in the README: python3 -m plots.readme."""
        table = readme.model_table(readme.list_models(PROGRAM))
        self.assertEqual(self.text, readme.replaced(self.text, "models", table, "README.md"))

    def test_a_row_links_to_the_file_and_says_what_it_requires(self):
        (_, _, row) = readme.model_table(LISTING).splitlines()
        self.assertTrue(row.startswith("| [`epoll`](servers/models/epoll.cc) | one thread | one | epoll"), row)

    def test_the_readme_has_at_most_150_lines(self):
        """Would catch: tables that grow until the first command is out of sight."""
        self.assertLessEqual(len(self.text.splitlines()), 150)

    def test_a_readme_without_the_markers_is_refused(self):
        with self.assertRaises(InputError):
            readme.replaced("# nothing\n", "models", "", "README.md")


if __name__ == "__main__":
    unittest.main()
