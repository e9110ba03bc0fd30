#!/usr/bin/env python3
"""Measure how small a difference fanin-load detects between two interleaved servers (--target A --target B).

  python3 -m validation.validate_interleaving [--build build/release] [--driver epoll] [--seconds 5] [--runs 20]

The servers run on CPU 0, fanin-load on CPU 1, with 64-byte lines and 50 connections per server. Every server spends 2 us
per request in a loop, which fanin-micro times once. This makes the server the bottleneck: a server that waits for the
generator wakes up less often when it has more work, which hides the difference.
A/A: two processes of the same `fanin-server epoll`. Over the runs, the ratio of their throughputs and the ratio of their
CPU time per request must each have a standard deviation of at most 1 %.
A/B: the second server spends 200 ns more. In one run of twice the seconds, the 95 % interval of each ratio must exclude 1.
Needs two CPUs and a quiet machine.
Exit code: 0 all figures hold, 1 some do not, 2 bad input, a missing program, or failed requests."""
import json
import statistics
import subprocess
import tempfile

from baselines import paired
from validation import known_values
from baselines.paired import fail
from baselines.servers import Server

kMaxDeviation = 0.01
kBaseWorkNs, kAddedWorkNs = 2000, 200
kAddedWork = f"{kAddedWorkNs} ns"
kLoop = "protocol/server/work/loops:1000"  # the benchmark
kRatios = {"throughput": "throughput", "server_cpu_per_request": "server CPU per request"}


def compare(options, servers, seconds):
    """The comparison of two servers by one fanin-load run."""
    command = ["taskset", "-c", "1", str(options.build / "fanin-load"), "--protocol", "work", "--connections", "50"]
    for server in servers:
        command += ["--target", f"127.0.0.1:{server.port}", "--server-pid", str(server.process.pid)]
    command += ["--driver", options.driver, "--duration", f"{seconds}s", "--quiet", "--json", options.scratch]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        fail(f"fanin-load ended with {done.returncode}: {done.stderr.strip()}")
    with open(options.scratch) as file:
        return json.load(file)["comparisons"][0]


def a_a_figures(comparisons):
    """Deviation and mean of the ratios of two identical servers."""
    found = []
    for key, name in kRatios.items():
        ratios = [each[key]["estimate"] for each in comparisons]
        deviation = statistics.stdev(ratios)
        runs = f"over {len(ratios)} runs"
        found.append(known_values.figure(f"A/A {name}, deviation {runs}", "share", deviation, high=kMaxDeviation))
        found.append(known_values.figure(f"A/A {name}, mean {runs}", "ratio", statistics.fmean(ratios), expected=1))
    return found


def a_b_figures(comparison):
    """Whether the interval excludes 1 for a server with more work."""
    throughput, cpu = (comparison[key] for key in kRatios)
    return [
        known_values.figure(f"A/B throughput, {kAddedWork} more work: upper end", "ratio", throughput["high"], high=1),
        known_values.figure(f"A/B server CPU per request, {kAddedWork} more work: lower end", "ratio", cpu["low"], low=1),
    ]


def describe_ratios(name, comparison):
    for key, what in kRatios.items():
        ratio = comparison[key]
        interval = f"[{ratio['low']:.4f}, {ratio['high']:.4f}]"
        yield f"{name}: {what} {ratio['estimate']:.4f} {interval} over {comparison['blocks']} blocks"


def parse_options():
    parser = known_values.command_line(__doc__, 5, "of each A/A run; the A/B run takes twice as long")
    parser.add_argument("--runs", type=int, default=20, help="A/A runs")
    return paired.parse(parser, ("fanin-server", "fanin-load", "fanin-micro"), {"runs": 2})  # a deviation needs two


def loops_per_ns(options):
    """Steps of the server's loop per nanosecond, on the servers' CPU."""
    command = ["taskset", "-c", "0", str(options.build / "fanin-micro"), f"--benchmark_filter=^{kLoop}$"]
    command += ["--benchmark_format=json", "--benchmark_repetitions=9", "--benchmark_min_time=0.1"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        fail(f"fanin-micro ended with {done.returncode}: {done.stderr.strip()}")
    return 1000 / median_cpu_time(json.loads(done.stdout))


def median_cpu_time(result):
    """The median over the repetitions of the one benchmark in the result, in nanoseconds."""
    return next(each["cpu_time"] for each in result["benchmarks"] if each.get("aggregate_name") == "median")


def server_command(options, loops):
    work = ("--protocol", "work", "--work-loops", str(loops))
    return [str(options.build / "fanin-server"), "epoll", *work, "--port", "{port}"]


def main():
    options = parse_options()
    per_ns = loops_per_ns(options)
    base_loops, added_loops = round(kBaseWorkNs * per_ns), round(kAddedWorkNs * per_ns)
    works = (base_loops, base_loops, base_loops + added_loops)
    base, same, more = (server_command(options, loops) for loops in works)
    with tempfile.TemporaryDirectory(prefix="fanin-validation-") as folder, Server(base) as first:
        options.scratch = f"{folder}/slices.json"
        with Server(same) as second:
            controls = [compare(options, (first, second), options.seconds) for _ in range(options.runs)]
        with Server(more) as second:
            other = compare(options, (first, second), 2 * options.seconds)
    title = f"Interleaved servers: A/A, and A/B with {kAddedWork} more work in B"
    steps = f"{base_loops} steps of the loop take {kBaseWorkNs} ns, {added_loops} more take {kAddedWork}"
    notes = [steps, *describe_ratios("first A/A run", controls[0]), *describe_ratios("A/B", other)]
    raise SystemExit(known_values.report("interleaving", title, a_a_figures(controls) + a_b_figures(other), notes, options))


if __name__ == "__main__":
    paired.run(main)
