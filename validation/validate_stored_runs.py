#!/usr/bin/env python3
"""Count how often `fanin compare` of two stored runs, one a side, is wrong.

  python3 -m validation.validate_stored_runs [--build build/release] [--pairs 20] [--json results/selftest/stored-runs.json]

Measures three runs for each pair, one after the other: base, the same again, and one in which the server `thread` is
slowed by 1.5. A run takes about 15 s: five rounds of `epoll` and `thread` with 64-byte lines that cost them loop steps, on
10, 50 and 100 connections. `fanin compare` of base with the other two: of 20 pairs of one commit at most 1 may exit with
1, and of 20 with the slowed server at least 19 must. A pilot run finds how many loop steps slow the server by 1.5.
Needs two CPUs and a quiet machine; 20 pairs take about 15 minutes.
Exit code: 0 all figures hold, 1 some do not, 2 bad input, or a run that failed."""
import argparse
import collections
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from baselines import paired
from baselines.paired import fail
from validation import known_values

BASE_LOOPS = 2000  # a few microseconds
PILOT_LOOPS = 3 * BASE_LOOPS  # about what slows the server by 1.5
SLOWED = "thread"
FACTOR = 1.5
CPU = "server_cpu_per_request_ns"
WORKLOAD = {"protocol": "work", "connections": 50, "payload_bytes": 64}


def make_suite(loops, experiments):
    """A suite whose servers spend so many loop steps on a line. `loops`: steps by name of the server."""
    servers = [
        {"name": name, "model": SLOWED if name != "epoll" else name, "args": ["--work-loops", str(steps)]}
        for name, steps in loops.items()
    ]
    common = {"servers": ["*"], "workload": WORKLOAD}
    return {
        "schema": "fanin-suite",
        "schema_version": 2,
        "name": "stored-runs",
        "repetitions": 5,
        "warmup": "100ms",
        "duration": "200ms",
        "servers": servers,
        "experiments": [
            {"name": name, "sweep": {"parameter": "connections", "values": values}} | common | more
            for name, values, more in experiments
        ],
    }


def measured_suite(loops):
    interleaved = ("interleaved", [10, 100], {"design": "interleaved", "baseline": "epoll"})
    return make_suite(loops, [interleaved, ("rounds", [50], {"baseline": "epoll"})])


def run_suite(options, suite, name):
    """Runs a suite; returns the directory of the run."""
    directory = options.scratch / name
    path = options.scratch / f"{name}.json"
    path.write_text(json.dumps(suite))
    command = [str(options.build / "fanin"), "run", str(path), "--out", str(directory)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 5):  # a round that a busy machine spoiled is what a user would have too
        fail(f"fanin run ended with {done.returncode}: {(done.stderr.strip().splitlines() or [''])[-1]}")
    return directory


def compare(options, base, new):
    """(exit code, verdicts) of fanin compare."""
    path = options.scratch / "verdicts.json"
    path.unlink(missing_ok=True)
    command = [str(options.build / "fanin"), "compare", str(base), str(new), "--json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 2 or not path.exists():
        fail(f"fanin compare ended with {done.returncode}: {done.stderr.strip()}")
    return done.returncode, json.loads(path.read_text())


def median_cpu(directory, server):
    """The CPU time per request of a server in the run's rounds that are ok."""
    document = json.loads((directory / "run.json").read_text())
    costs = [
        each["median"]
        for each in document["summaries"]
        if f"/{server}/" in each["cell"] and each["metric"] == CPU and each["median"]
    ]
    if not costs:
        fail(f"no round of {server} is ok: run it on a quiet machine")
    return statistics.median(costs)


def find_slow_loops(options):
    """The loop steps with which the server needs 1.5 times the CPU time per request, from a run with three times the steps."""
    suite = make_suite({SLOWED: BASE_LOOPS, "more": PILOT_LOOPS}, [("pilot", [50], {"design": "interleaved"})])
    directory = run_suite(options, suite, "pilot")
    return scale_loops(median_cpu(directory, SLOWED), median_cpu(directory, "more"))


def scale_loops(base, more):
    """`base`, `more`: CPU time per request with BASE_LOOPS and with PILOT_LOOPS."""
    if more <= base:
        fail("more loop steps cost no more CPU time: run it on a quiet machine")
    return round(BASE_LOOPS + (PILOT_LOOPS - BASE_LOOPS) * (FACTOR - 1) * base / (more - base))


def slowdown(verdicts):
    """The median over cells of the ratio of CPU time per request of the slowed server."""
    ratios = [
        each["ratio"]["ratio"]
        for each in verdicts["metrics"]
        if f"/{SLOWED}/" in each["cell"] and "(to " not in each["cell"] and each["metric"] == CPU and each["ratio"]
    ]
    return statistics.median(ratios) if ratios else None


def measure_pair(options, number, loops):
    """Exit codes of the two comparisons of one pair, and the slow-down that the second one shows."""
    base, same, slow = (
        run_suite(options, measured_suite(steps), f"{name}{number}")
        for name, steps in (
            ("base", dict.fromkeys(("epoll", SLOWED), BASE_LOOPS)),
            ("same", dict.fromkeys(("epoll", SLOWED), BASE_LOOPS)),
            ("slow", {"epoll": BASE_LOOPS, SLOWED: loops}),
        )
    )
    code, _ = compare(options, base, same)
    slow_code, verdicts = compare(options, base, slow)
    return code, slow_code, slowdown(verdicts)


def figures(pairs):
    """`pairs`: (exit code of the same commit, that of the slowed server, its slow-down) of each."""
    count = len(pairs)
    same, slowed = ([pair[at] for pair in pairs] for at in (0, 1))
    slowdowns = [pair[2] for pair in pairs if pair[2] is not None]
    allowed = count // 20  # 1 of 20
    named = f"of {count} pairs of the same commit: exit code 1"
    found = [known_values.figure(named, "pairs", same.count(1), high=allowed)]
    named = f"of {count} pairs, a server slowed by {FACTOR}: exit code 1"
    found.append(known_values.figure(named, "pairs", slowed.count(1), low=count - allowed))
    measured = statistics.median(slowdowns) if slowdowns else None
    bounds = {"low": 0.9 * FACTOR, "high": 1.1 * FACTOR}  # else the pilot was wrong
    found.append(known_values.figure("slow-down that was measured, median", "times", measured, expected=FACTOR, **bounds))
    return found


def describe_codes(pairs):
    for at, name in ((0, "same commit"), (1, "slowed server")):
        codes = collections.Counter(pair[at] for pair in pairs)
        yield f"{name}: " + ", ".join(f"exit code {code} in {number}" for code, number in sorted(codes.items()))


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    build = pathlib.Path(__file__).resolve().parents[1] / "build/release"
    parser.add_argument("--build", type=pathlib.Path, default=build, help="directory of the programs")
    parser.add_argument("--pairs", type=int, default=20, help="of each kind")
    parser.add_argument("--json", type=pathlib.Path, help="also write the result to this file")
    parser.set_defaults(driver="auto", seconds=1)
    return paired.parse(parser, ("fanin", "fanin-server", "fanin-load"), {"pairs": 1})


def main():
    options = parse_options()
    begin = time.monotonic()
    pairs = []
    with tempfile.TemporaryDirectory(prefix="fanin-validation-") as folder:
        options.scratch = pathlib.Path(folder)
        loops = find_slow_loops(options)
        for number in range(options.pairs):
            pairs.append(measure_pair(options, number, loops))
            print(f"pair {number + 1} of {options.pairs}: {'; '.join(describe_codes(pairs))}", file=sys.stderr, flush=True)
    elapsed = time.monotonic() - begin
    options.seconds = max(1, round(elapsed / (3 * options.pairs + 1)))
    notes = [f"{known_values.describe_machine(options)}, {elapsed / 60:.0f} minutes"]
    notes += [*describe_codes(pairs), f"{BASE_LOOPS} loop steps a line; {loops} slow the server"]
    title = f"Stored runs, one a side: {options.pairs} pairs of one commit, and with a server slowed by {FACTOR}"
    raise SystemExit(known_values.report("stored-runs", title, figures(pairs), notes, options))


if __name__ == "__main__":
    paired.run(main)
