"""Shared by the comparisons: medians of paired ratios with intervals, result tables and files, options."""
import argparse
import json
import math
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import time


def fail(message):
    """Prints one line for the user and exits with 2."""
    print(f"{pathlib.Path(sys.argv[0]).stem}: {message}", file=sys.stderr)
    raise SystemExit(2)


def run(main):
    """Runs main() as a program. If nobody reads its output, it stops its servers and generators and exits with 141, as on
    SIGPIPE.
    """
    try:
        try:
            main()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # the interpreter flushes at its end
        os.dup2(nowhere, sys.stderr.fileno())
        raise SystemExit(141) from None


def median_interval(values):
    """(low, high, coverage) of the narrowest interval of order statistics that covers 95 %, else of the widest."""
    ordered, n = sorted(values), len(values)
    best = (ordered[0], ordered[-1], 1 - 2 / 2**n)
    for k in range(n // 2):
        coverage = 1 - 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2**n
        if coverage >= 0.95:
            best = (ordered[k], ordered[n - 1 - k], coverage)
    return best


def rows(costs):
    """`costs`: microseconds of CPU per request by name, one per round."""
    return [
        {"name": name, "cpu_us_per_request": statistics.median(cost), "rounds": cost} for name, cost in costs.items()
    ]


def ratios(costs, pairs):
    """For each (name, baseline): the median over rounds of the ratio within a round, and its interval."""
    found = []
    for name, baseline in pairs:
        quotients = [mine / other for mine, other in zip(costs[name], costs[baseline], strict=True)]
        low, high, coverage = median_interval(quotients)
        found.append(
            {
                "name": name,
                "baseline": baseline,
                "median": statistics.median(quotients),
                "low": low,
                "high": high,
                "coverage": coverage,
            }
        )
    return found


def order_round(members, number):
    """The order of round `number`: forwards in even and backwards in odd rounds, so that drift affects all alike."""
    return list(members) if number % 2 == 0 else list(reversed(members))


def report(kind, title, costs, pairs, options, skipped=(), served=None):
    """Writes medians and ratios to the file that --json names (see results/README.md), and prints them as a table.

    `served`: {"by_generators", "by_server"}, the requests that each side counted, if the server counts.
    """
    measured, compared = rows(costs), ratios(costs, pairs)
    if options.json:
        document = {
            "schema": "fanin-comparison",
            "schema_version": 4,
            "kind": kind,
            "title": title,
            **origin(options.build),
            "connections": options.connections,
            "seconds": options.seconds,
            "rows": measured,
            "ratios": compared,
            "skipped": list(skipped),
            "served": served,
        }
        write(document, options.json)
    print(f"{title}\n{'':<24}{'CPU us/request':>16}")
    for row in measured:
        print(f"{row['name']:<24}{row['cpu_us_per_request']:>16.3f}")
    print("ratios within rounds: median, interval, its coverage")
    for each in compared:
        print(
            f"{each['name']} / {each['baseline']}: {each['median']:.3f} [{each['low']:.3f}, {each['high']:.3f}] "
            f"{each['coverage']:.1%}"
        )
    for each in skipped:
        print(f"{each['name']}: skipped: {each['reason']}")


def origin(build):
    """Where a result comes from: when it was written (UTC), the commit of the programs in `build`, the kernel."""
    version = subprocess.run([build / "fanin-load", "--version"], capture_output=True, text=True, check=True).stdout
    commit = re.search(r"commit ([0-9a-f]+( with changes)?)", version)
    return {
        "measured_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": commit and commit[1],
        "kernel": platform.release(),
    }


def write(document, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n")


def command_line(description, seconds, what=None):
    """A parser with the options that all of these scripts have."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    build = pathlib.Path(__file__).resolve().parents[1] / "build/release"
    parser.add_argument("--build", type=pathlib.Path, default=build, help="directory of the programs")
    parser.add_argument("--seconds", type=int, default=seconds, help=what)
    parser.add_argument("--json", type=pathlib.Path, help="also write the result to this file")
    return parser


def parse(parser, programs, minima=()):
    """The options; exits with 2 without two CPUs or a program. `minima`: the smallest number by option."""
    options = parser.parse_args()
    if len(os.sched_getaffinity(0)) < 2:
        fail("two CPUs are needed: one for the server, one for the generator")
    for name, number in {"seconds": 1, **dict(minima)}.items():
        if getattr(options, name) < number:
            fail(f"--{name} is {getattr(options, name)}: give {number} or more")
    for program in programs:
        if not (options.build / program).exists():
            fail(f"there is no {options.build / program}: build it (cmake --preset release) or give --build")
    return options
