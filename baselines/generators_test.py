"""Tests of the parsers of generators' reports, against excerpts of real ones, and of the arguments of the C programs."""

import argparse
import contextlib
import io
import json
import pathlib
import re
import subprocess
import unittest
import unittest.mock

from baselines import generator_cost, generators
from plots.programs import find_program

WRK = """Running 1s test @ http://127.0.0.1:7411/file.bin
  1 threads and 50 connections
  131651 requests in 1.00s, 41.18MB read
Requests/sec: 131042.83
"""
H2LOAD = """finished in 1.00s, 95931.00 req/s, 30.01MB/s
requests: 95931 total, 95981 started, 95931 done, 95931 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 95931 2xx, 0 3xx, 0 4xx, 0 5xx
"""
AB = """Concurrency Level:      50
Complete requests:      99055
Failed requests:        0
Keep-Alive requests:    99055
"""
HEY = """Status code distribution:
  [200]\t31498 responses
"""


def fanin(**changes):
    result = {"workload": {"driver": "epoll"}, "requests": {"completed": 9, "failed": 0, "unanswered": 0}, "errors": {}}
    return json.dumps(result | changes)


class Parse(unittest.TestCase):
    def test_the_count_is_what_the_generator_says_it_completed(self):
        # h2load's "started" and hey's "Requests/sec" are other figures: both would make it look cheaper than it is.
        self.assertEqual(generators.parse_wrk(WRK), 131651)
        self.assertEqual(generators.parse_h2load(H2LOAD), 95931)
        self.assertEqual(generators.parse_ab(AB), 99055)
        self.assertEqual(generators.parse_hey(HEY), 31498)
        self.assertEqual(generators.parse_fanin("epoll")(fanin()), 9)

    def test_a_generator_that_saw_errors_is_refused(self):
        # A refused request costs less than an answered one.
        for parse, text in (
            (generators.parse_wrk, WRK + "  Non-2xx or 3xx responses: 12\n"),
            (generators.parse_wrk, WRK + "  Socket errors: connect 0, read 3, write 0, timeout 0\n"),
            (generators.parse_h2load, H2LOAD.replace("95931 2xx, 0 3xx", "95000 2xx, 931 3xx")),
            (generators.parse_ab, AB.replace("requests:        0", "requests:        1")),
            (generators.parse_ab, AB + "Non-2xx responses:      3\n"),
            (generators.parse_hey, HEY + "  [404]\t2 responses\n"),
            (generators.parse_hey, HEY + "\nError distribution:\n  [3]\tGet: refused\n"),
            (generators.parse_fanin("epoll"), fanin(requests={"completed": 9, "failed": 1, "unanswered": 0})),
        ):
            with self.assertRaises(ValueError, msg=text):
                parse(text)

    def test_connections_that_were_not_kept_are_another_workload(self):
        with self.assertRaises(ValueError):
            generators.parse_ab(AB.replace("Keep-Alive requests:    99055", "Keep-Alive requests:    98000"))

    def test_hey_forgets_what_comes_after_a_million(self):
        with self.assertRaises(ValueError):
            generators.parse_hey(HEY.replace("31498", "1000000"))

    def test_a_report_of_another_form_is_no_zero(self):
        for parse in (generators.parse_wrk, generators.parse_h2load, generators.parse_ab, generators.parse_hey):
            with self.assertRaises(ValueError):
                parse("something else\n")

    def test_another_driver_than_the_one_asked_for_is_told_apart(self):
        # Otherwise the ratio is that of the other driver.
        with self.assertRaises(generators.OtherDriver):
            generators.parse_fanin("io-uring")(fanin())


class Commands(unittest.TestCase):
    def test_every_place_is_filled(self):
        options = argparse.Namespace(build="BUILD", connections=50, seconds=2, trigger="et")
        for each in (*generators.ECHO, *generators.HTTP):
            command = " ".join(each.argv(generators.values(options, 7000)))
            self.assertNotRegex(command, "[{}]")
            self.assertRegex(command, r"\b7000\b")
            self.assertRegex(command, r"(?<!\d)50\b", "the number of connections must be the same for all")


class Count(unittest.TestCase):
    OPTIONS = argparse.Namespace(connections=50)

    def test_a_generator_that_miscounts_is_found(self):
        # Only the server counts the requests in flight at the end: at most one per connection.
        generator_cost.check_count(1000, 1050, 1, self.OPTIONS)
        with self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()):
            generator_cost.check_count(1001, 1000, 1, self.OPTIONS)
        with self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()):
            generator_cost.check_count(1000, 1100, 1, self.OPTIONS)


class FakeRun:
    """A run that notes its slices and ends after some."""

    def __init__(self, name, slices, order):
        self.name, self.left, self.order, self.running = name, slices, order, False

    def resume(self):
        self.running = True
        self.order.append(self.name)

    def pause(self):
        self.running, self.left = False, self.left - 1

    def ended(self):
        return self.left <= 0


class Interleaving(unittest.TestCase):
    def interleave(self, slices):
        order = []
        runs = [FakeRun(name, left, order) for name, left in slices.items()]
        with unittest.mock.patch.object(generator_cost.time, "sleep") as sleep:
            sleep.side_effect = lambda _: self.assertEqual(sum(run.running for run in runs), 1)
            generator_cost.interleave(runs)
        return order

    def test_no_run_has_two_slices_in_a_row(self):
        # The bug: forwards and backwards, the first and the last had two, and looked 5 % cheaper with 1000 connections.
        order = self.interleave({"a": 50, "b": 50, "c": 50})
        self.assertTrue(all(one != next_one for one, next_one in zip(order, order[1:])))
        for cycle in range(50):
            self.assertEqual(sorted(order[3 * cycle : 3 * cycle + 3]), ["a", "b", "c"])

    def test_the_rest_go_on_when_one_has_ended(self):
        order = self.interleave({"a": 2, "b": 5})
        self.assertEqual((order.count("a"), order.count("b")), (2, 5))


class Pairs(unittest.TestCase):
    def test_each_driver_of_ours_is_compared_with_every_competitor(self):
        names = ["fanin-load epoll", "fanin-load io-uring", "wrk", "ab"]
        self.assertEqual(
            generator_cost.choose_pairs(names),
            [(mine, other) for mine in names[:2] for other in names[2:]],
        )


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
