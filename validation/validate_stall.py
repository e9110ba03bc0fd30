#!/usr/bin/env python3
"""Compare the percentiles of a server that stalls for 100 ms every second with the analytic ones.

  python3 -m validation.validate_stall [--build build/release] [--driver epoll] [--seconds 5] [--rounds 5]

stalling-server runs on CPU 0, which an idle spinner keeps out of HLT; fanin-load runs on CPU 1 with 50 connections, open
loop, uniform arrivals: at 2000 requests per second, and at half of the server's capacity, which a closed loop measures
first. A percentile holds if its median over the rounds is within 3 % or 0.5 ms of the analytic one: uniform arrivals meet all
stalls of a round at the same phase, which moves p90 at 2000/s by up to 0.5 ms. A closed loop cannot show such a stall;
its result must say so. Needs two CPUs and a quiet machine.
Exit code: 0 all figures hold, 1 some do not, 2 bad input, a missing program, or failed requests."""
import statistics
import tempfile

from baselines import paired
from validation import known_values
from baselines.servers import Server

kPeriod, kStall = 1.0, 0.1  # s
kServiceUs = 20  # long enough that the clock bounds the server's capacity, not the machine
kConnections = 50
kLowRate = 2000
kPercentiles = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
kOnTime = 0.95  # below it the run is invalid
kWords = "closed loop: while the server is silent nothing is asked"


def delay(share, rate, capacity):
    """The analytic delay in s that a share of all requests does not exceed on a server that stalls.

    A request that arrives t after the start of a stall of length d finds rate * t requests before it. The server starts
    to serve them at d and needs 1 / capacity for each. With rho = rate / capacity the request leaves d - t + rho t after
    its arrival: the delay is d - t (1 - rho). It is 0 from t = d / (1 - rho) on, when the queue is empty. Arrivals are
    uniform, so a share (d - x) / (1 - rho) / period of them has a delay above x > 0. A share 1 - p above x gives
    x = d - (1 - p) (1 - rho) period. The time of a request that meets no stall counts as 0.
    """
    return max(0.0, kStall - (1 - share) * (1 - rate / capacity) * kPeriod)


def percentile(result, name):
    """One percentile, or the maximum, of an open-loop result in ms; None if it has too few requests."""
    response = result["latency"]["response"]
    measured = response["max"] if name == "max" else response["percentiles"][name]
    return None if measured is None else measured / 1e6


def figures(results, rate, capacity):
    """The percentiles of open-loop results, in ms, and the analytic ones."""
    found = []
    for name, share in kPercentiles.items():
        measured = [percentile(result, name) for result in results]
        expected = delay(share, rate, capacity) * 1e3
        slack = max(0.5, 0.03 * expected)
        found.append(
            known_values.figure(
                f"{name} at {rate:,.0f}/s",
                "ms",
                None if None in measured else statistics.median(measured),
                expected,
                max(0.0, expected - slack),
                expected + slack,
            )
        )
    return found


def describe_rounds(rate, results):
    """Notes on the rounds at one rate."""
    p90 = sorted(percentile(result, "p90") for result in results)
    queued = sum(result["schedule"]["queued"] for result in results)
    preemptions = [known_values.format_preemptions(result) for result in results]
    return [
        f"p90 at {rate:,}/s by round: {', '.join(f'{each:.3g}' for each in p90)} ms",
        f"at {rate:,}/s {queued:,} requests found no connection free",
        f"at {rate:,}/s, first round: {preemptions[0]}",
    ]


def measure(port, options):
    """(figures, notes)."""
    connections = ("-c", str(kConnections))
    # Spinning, like an open loop: waking a sleeping generator costs the server more than a request.
    closed = known_values.drive(options, port, *connections, "--idle-strategy", "spin")
    # The server serves during 90 % of the time.
    capacity = closed["throughput"]["requests_per_s"] / (1 - kStall / kPeriod)
    found, notes = [], [f"capacity of the server, from the closed loop: {capacity:,.0f}/s"]
    for rate in (kLowRate, round(capacity / 2)):
        schedule = (*connections, "--rate", str(rate), "--arrival", "uniform")
        results = [known_values.drive(options, port, *schedule) for _ in range(options.rounds)]
        found += figures(results, rate, capacity)
        # The server stalls; requests that wait for a connection must not make the generator late.
        on_time = min(result["schedule"]["within_tolerance_share"] for result in results)
        found.append(known_values.figure(f"sends on time at {rate:,}/s, worst round", "share", on_time, low=kOnTime))
        notes += describe_rounds(rate, results)
    lines = [line.strip() for line in closed["text"].splitlines() if kWords in line]
    found.append(known_values.figure("the closed loop says that it hides stalls", "count", len(lines), low=1))
    notes += [
        f"the closed loop had p99 {closed['latency']['response']['percentiles']['p99'] / 1e6:.3g} ms and reported: {line}"
        for line in lines
    ]
    return found, notes


def slower_than(result, limit_ms):
    """The share of a result's requests in buckets above `limit_ms`."""
    response = result["latency"]["response"]
    slower = sum(count for lowest, count in response["buckets"] if lowest > limit_ms * 1e6)
    return (slower + response["uncompleted"]) / (response["count"] + response["uncompleted"])


def control(port, p90_ms, options):
    """A note on the delays that the machine adds: the same server without stalls."""
    schedule = ("-c", str(kConnections), "--rate", str(kLowRate), "--arrival", "uniform")
    share = slower_than(known_values.drive(options, port, *schedule), p90_ms)
    return (
        f"without a stall {share:.3%} of the requests at {kLowRate}/s took longer than {p90_ms:.3g} ms; "
        f"with a stall they move p90 by about {share * kPeriod * 1e3:.2g} ms"
    )


def parse_options():
    what = "of each run; whole seconds, so that every run has as many stalls"
    parser = known_values.command_line(__doc__, 5, what)
    parser.add_argument("--rounds", type=int, default=5, help="runs at each rate")
    minima = {"seconds": 5, "rounds": 1}  # p99.9 at 2000/s needs 5 s
    return paired.parse(parser, ("stalling-server", "fanin-load"), minima)


def main():
    options = parse_options()
    command = [str(options.build / "stalling-server"), "{port}", str(kServiceUs)]
    with tempfile.TemporaryDirectory(prefix="fanin-validation-") as folder, known_values.out_of_halt(0):
        options.scratch = f"{folder}/load.json"
        with Server([*command, str(round(kStall * 1e3))]) as server:
            found, notes = measure(server.port, options)
        p90 = next(each["expected"] for each in found if each["name"].startswith("p90"))
        with Server([*command, "0"]) as server:
            notes.append(control(server.port, p90, options))
    title = f"A server that stalls for {kStall * 1e3:.0f} ms once a second, {kConnections} connections"
    raise SystemExit(known_values.report("stall", title, found, notes, options))


if __name__ == "__main__":
    paired.run(main)
