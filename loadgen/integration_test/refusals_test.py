"""Bad command lines: one clear line on standard error and exit code 2."""

import unittest

from programs import load, test


class BadInput(unittest.TestCase):
    def test_one_line_each(self):
        for arguments, said in (
            (["-d", "1s"], "TARGET"),
            (["127.0.0.1:80", "-d", "soon"], "--duration: 'soon'"),
            (["127.0.0.1:80", "--duraton", "1s"], "did you mean --duration?"),
            (["127.0.0.1"], "no port"),
            (["127.0.0.1:80", "--protocol", "none"], "unknown protocol 'none'"),
            (["127.0.0.1:80", "-c", "0"], "--connections 0 is out of range"),
            (["127.0.0.1:80", "-c", "x"], "--connections"),
            (["127.0.0.1:80", "--seed", "-1"], "--seed -1 is out of range"),
            (["127.0.0.1:80", "--rate", "-5"], "--rate -5 is out of range"),
            (["127.0.0.1:80", "--duration", "soon"], "'soon' is not a duration"),
            (["127.0.0.1:80", "--find-rate", "p99<soon"], "--find-rate: 'soon' is not a duration"),
            (["127.0.0.1:80", "--sweep", "think-time=soon"], "--sweep: 'soon' is not a duration"),
            (["127.0.0.1:80", "--rate"], "--rate has no value: give one, or leave --rate out"),
            (["127.0.0.1:80", "--rate", "5", "--rate", "6"], "--rate is given more than once: give it once"),
            (["127.0.0.1:80", "--quiet=x"], "--quiet does not take 'x'"),
            (["127.0.0.1:80", "--cpus", "zero"], "'zero' is not a CPU list"),
            (["127.0.0.1:80", "--control", "77"], "--control 77 is not an open descriptor"),
            (["192.0.2.1:80"], "--allow-remote"),
            (["127.0.0.1:80", "-c", "9999999"], "do not fit"),
            (["127.0.0.1:80", "--nonsense"], "--nonsense"),
            (["https://127.0.0.1/"], "TLS"),
            (["http://127.0.0.1/", "--header", "Name"], "--header 'Name' is no header"),
            (["http://127.0.0.1/", "--expect-status", "2xx"], "'2xx' is no status"),
        ):
            with self.subTest(arguments):
                done = load(*arguments)
                self.assertEqual(done.returncode, 2)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertTrue(done.stderr.startswith("fanin-load: "), done.stderr)
                self.assertIn(said, done.stderr)

    def test_options_are_checked_without_a_server(self):
        """Would catch: a check that connects, or that lets pass what a run refuses."""
        two = ["--target", "127.0.0.1:1", "--target", "127.0.0.1:1"]
        for arguments in (["127.0.0.1:1"], two, ["127.0.0.1:1", "--sweep", "pipeline=1,2"]):
            done = load(*arguments, "--check")
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        for arguments in (["127.0.0.1:1", "-t", "11"], [*two, "--rate", "5"], ["127.0.0.1:1", "--sweep", "pipeline=0"]):
            self.assertEqual(load(*arguments, "--check").returncode, 2)

    def test_an_empty_path_is_refused(self):
        """Would catch: `--json ''` taken for no --json, so that a script's result is lost."""
        for arguments, option in (
            (["127.0.0.1:80", "--json", ""], "--json"),
            (["127.0.0.1:80", "--live-json", ""], "--live-json"),
            (["127.0.0.1:80", "--calibration", ""], "--calibration"),
            (["127.0.0.1:80", "--cpus", ""], "--cpus"),
            (["calibrate", "--json", ""], "--json"),
        ):
            with self.subTest(arguments):
                done = load(*arguments)
                self.assertEqual(done.returncode, 2)
                self.assertRegex(done.stderr, f"^fanin-load: {option} is empty: .*, or leave it out\n$")

    def test_two_names_of_standard_output_are_one(self):
        """Would catch: a result between its live lines."""
        done = load("127.0.0.1:80", "--json", "-", "--live-json", "/dev/stdout")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(
            done.stderr, "fanin-load: --json - and --live-json /dev/stdout are one file: give each its own\n")

    def test_without_arguments_it_shows_its_usage(self):
        """Would catch: a help text without `calibrate` and without examples."""
        done = load()
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stdout, "")
        for said in ("Usage: fanin-load TARGET", "fanin-load calibrate", "Examples:", "--help"):
            self.assertIn(said, done.stderr)
        done = load("--help")
        self.assertEqual(done.returncode, 0)
        for said in ("Examples:", "Exit codes:", "calibrate", "Connections:", "-d,--duration", "-r,--rate"):
            self.assertIn(said, done.stdout)

    def test_experiments_refuse_what_contradicts_them(self):
        for arguments, said in (
            (["--sweep", "rate=auto", "--rate", "5"], "contradict"),
            (["--sweep", "colour=red"], "cannot vary 'colour'"),
            (["--find-rate", "p99<2ms", "--sweep", "pipeline=1"], "leave --rate, --ramp and --sweep out"),
            (["--find-rate", "fast"], "has no '<'"),
            (["--sweep", "pipeline=1,2", "--control", "0"], "--control goes with one run"),
        ):
            with self.subTest(arguments):
                done = load("127.0.0.1:1", *arguments)
                self.assertEqual(done.returncode, 2)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertIn(said, done.stderr)

    def test_what_does_not_go_together_is_refused(self):
        two = ["--target", "127.0.0.1:1", "--target", "127.0.0.1:2"]
        for arguments, said in (
            (["127.0.0.1:1", "--interleave", "20ms"], "--interleave needs --target"),
            (["127.0.0.1:1", *two], "give all targets by --target"),
            (two[:2], "give 2 to 16"),
            ([*two, "--rate", "100"], "closed loop"),
            ([*two, "--server-pid", "1"], "one for each"),
            ([*two, "--interleave", "1ms"], "--interleave is out of range"),
            ([*two, "--interleave", "9s"], "--interleave is out of range"),
            ([*two, "--driver", "threads"], "event loops"),
            ([*two, "--protocol", "greet"], "stay open"),
            ([*two, "--sweep", "pipeline=1,2"], "leave --sweep and --find-rate out"),
            ([*two, "--find-rate", "p99<2ms"], "leave --sweep and --find-rate out"),
            (["127.0.0.1:1", "--find-precision", "0.1"], "give --find-rate"),
        ):
            with self.subTest(arguments):
                done = load(*arguments)
                self.assertEqual(done.returncode, 2)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertIn(said, done.stderr)


if __name__ == "__main__":
    test()
