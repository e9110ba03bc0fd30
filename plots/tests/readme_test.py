"""Tests of the README: its table of models is that of the program, and it stays short."""

import unittest

from plots import readme
from plots.document import InputError

PROGRAM = readme.built_server()
LISTING = {"models": [{"name": "epoll", "summary": "one thread", "threads": "one", "worker_processes": False}]}


class Models(unittest.TestCase):
    def setUp(self):
        self.text = (readme.TOP / "README.md").read_text(encoding="utf-8")

    # The tests of the charts run without a build; ./run_tests.sh builds the program before it runs them.
    @unittest.skipUnless(PROGRAM, "no fanin-server is built")
    def test_the_table_is_that_of_the_program(self):
        """Would catch: a model that is added or renamed and not in the README: python3 -m plots.readme."""
        table = readme.model_table(readme.listing_of(PROGRAM))
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
