"""Tests of the arguments of the C programs, which baselines/CMakeLists.txt lists."""
import pathlib
import re
import subprocess
import unittest

from plots.programs import find_program

NAMES = re.findall(r"^fanin_baseline\(([\w-]+)", pathlib.Path(__file__).with_name("CMakeLists.txt").read_text(), re.MULTILINE)


# The tests of the scripts run without a build; ./run_tests.sh builds the programs before it runs them.
@unittest.skipUnless(all(map(find_program, NAMES)), "the C programs are not built")
class Arguments(unittest.TestCase):
    def run_program(self, name, *arguments):
        return subprocess.run([find_program(name), *arguments], capture_output=True, text=True, timeout=10, check=False)

    def test_help_shows_usage_and_an_example(self):
        self.assertGreater(len(NAMES), 4)
        for name in NAMES:
            done = self.run_program(name, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""), name)
            self.assertRegex(done.stdout, f"^{name}: ")
            (usage,) = re.findall(rf"^usage: {name}(.*)$", done.stdout, re.MULTILINE)
            for argument in re.findall(r"[A-Z_]+", usage):
                self.assertRegex(done.stdout, rf"(?m)^  {argument} +\w", name)
            self.assertRegex(done.stdout, rf"(?m)^example: .*\b{name} \d")

    def test_wrong_arguments_are_one_line_and_exit_code_2(self):
        """Would catch: a server at port 0, or a client with 0 connections, for a word that is no number."""
        for name in NAMES:
            for arguments in ((), ("1",) * 9, ("seven",), ("seven", "1", "1"), ("70000", "1", "1"), ("-1",)):
                done = self.run_program(name, *arguments)
                self.assertEqual((done.returncode, done.stdout), (2, ""), (name, arguments))
                self.assertRegex(done.stderr, f"^{name}: [^\\n]+\n$")


if __name__ == "__main__":
    unittest.main()
