"""What the comparisons with peers share: medians of paired ratios with their interval, and the result as table and file."""
import json
import math
import os
import pathlib
import platform
import statistics
import sys


def fail(message):
    """One line for the user, exit code 2."""
    print(f"{pathlib.Path(sys.argv[0]).stem}: {message}", file=sys.stderr)
    raise SystemExit(2)


def median_interval(values):
    """(low, high, coverage) of the narrowest interval of order statistics that holds the median with 95 %, or of all values."""
    ordered, n = sorted(values), len(values)
    best = (ordered[0], ordered[-1], 1 - 2 / 2**n)
    for k in range(n // 2):
        coverage = 1 - 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2**n
        if coverage >= 0.95:
            best = (ordered[k], ordered[n - 1 - k], coverage)
    return best


def rows(costs, baselines):
    """`costs`: microseconds of CPU per request by name, one per round; `baselines`: whose ratio is taken to whom, within each round."""
    found = []
    for name, cost in costs.items():
        row = {"name": name, "cpu_us_per_request": statistics.median(cost), "rounds": cost, "baseline": baselines.get(name),
               "ratio": None, "ratio_low": None, "ratio_high": None, "coverage": None}
        if name in baselines:
            ratios = [mine / other for mine, other in zip(cost, costs[baselines[name]])]
            row["ratio"] = statistics.median(ratios)
            row["ratio_low"], row["ratio_high"], row["coverage"] = median_interval(ratios)
        found.append(row)
    return found


def report(kind, title, measured, options):
    """Prints the rows as a table, and writes them to the file that --json names, as results/README.md describes."""
    print(f"{title}\n{'':<20}{'CPU us/request':>16}   ratio to the baseline (median, interval)")
    for row in measured:
        ratio = "" if row["ratio"] is None else (
            f"{row['ratio']:.3f} [{row['ratio_low']:.3f}, {row['ratio_high']:.3f}] of {row['baseline']}, {row['coverage']:.1%}")
        print(f"{row['name']:<20}{row['cpu_us_per_request']:>16.3f}   {ratio}")
    if options.json:
        document = {"schema": "fanin-peers", "schema_version": 1, "kind": kind, "title": title, "kernel": platform.release(),
                    "connections": options.connections, "seconds": options.seconds, "rows": measured}
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(document, indent=1) + "\n")


def need_two_cpus():
    if len(os.sched_getaffinity(0)) < 2:
        fail("two CPUs are needed: one for the server, one for the generator")
