#!/usr/bin/env python3
"""Count how often `fanin ab` of one build raises an alarm over a whole suite.

  python3 -m validation.validate_suite_sessions [--build build/release] [--suite gate] [--sessions 20] [--seconds 60]
      [--json results/selftest/suite-sessions.json]

Holds sessions with the same build on both sides: every difference that is found is a false alarm. Of 20 sessions at most
1 may exit with 1 (something is worse), and at most 1 with 5 (base differs from its own copy, or a cell failed).
Needs two CPUs and a quiet machine. A session takes at most --seconds, so 20 take about 20 minutes.
Exit code: 0 all figures hold, 1 some do not, 2 bad input, or a session that failed."""
import argparse
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

from baselines import paired
from baselines.paired import fail
from validation import known_values

DECIDED = ("better", "worse", "equivalent")


def hold_session(options, path):
    """(exit code, verdict document) of one session."""
    command = [str(options.build / "fanin"), "ab", str(options.build), str(options.build), "--suite", options.suite]
    command += ["--budget", f"{options.seconds}s", "--json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode in (2, 3) or not path.exists():
        fail(f"fanin ab ended with {done.returncode}: {(done.stderr.strip().splitlines() or [''])[-1]}")
    return done.returncode, json.loads(path.read_text())


def figures(sessions):
    """`sessions`: (exit code, verdict document) of each."""
    count = len(sessions)
    codes = [code for code, _ in sessions]
    verdicts = [each["verdict"] for _, document in sessions for each in document["metrics"]]
    allowed = count // 20  # 1 of 20
    of = f"of {count} sessions"
    return [
        known_values.figure(f"{of}: exit code 1, something is worse", "sessions", codes.count(1), high=allowed),
        known_values.figure(f"{of}: exit code 5, a control or a cell failed", "sessions", codes.count(5), high=allowed),
        known_values.figure("comparisons", "comparisons", len(verdicts)),
        known_values.figure("of them decided", "comparisons", sum(each in DECIDED for each in verdicts)),
        known_values.figure("of them better or worse", "comparisons", sum(each in DECIDED[:2] for each in verdicts)),
    ]


def describe_codes(sessions):
    codes = collections.Counter(code for code, _ in sessions)
    return ", ".join(f"exit code {code} in {number}" for code, number in sorted(codes.items()))


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    build = pathlib.Path(__file__).resolve().parents[1] / "build/release"
    parser.add_argument("--build", type=pathlib.Path, default=build, help="directory of the programs")
    parser.add_argument("--suite", default="gate", help="a shipped suite or a file")
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=60, help="budget of a session")
    parser.add_argument("--json", type=pathlib.Path, help="also write the result to this file")
    parser.set_defaults(driver="auto")
    return paired.parse(parser, ("fanin", "fanin-server", "fanin-load"), {"sessions": 1})


def main():
    options = parse_options()
    sessions = []
    with tempfile.TemporaryDirectory(prefix="fanin-validation-") as folder:
        for number in range(options.sessions):
            sessions.append(hold_session(options, pathlib.Path(folder) / f"{number}.json"))
            print(f"session {number + 1} of {options.sessions}: {describe_codes(sessions)}", file=sys.stderr, flush=True)
    title = f"`fanin ab` of one build over the suite {options.suite}, {options.seconds} s a session"
    notes = [known_values.describe_machine(options), describe_codes(sessions)]
    raise SystemExit(known_values.report("suite-sessions", title, figures(sessions), notes, options))


if __name__ == "__main__":
    paired.run(main)
