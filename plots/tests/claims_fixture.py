"""A made-up document of `fanin claims`, with every verdict and every kind of test. NOT a measurement."""

import math
import random

from plots.tests.fixture_parts import TIME, environment

CHOICE = {
    "confirmed": "Use the one that the claim recommends.",
    "refuted": "The choice does not matter here.",
    "contested": "It depends on the number of connections: see the flip point.",
}
CPU = "server_cpu_per_request_ns"
ECHO = {"throughput_per_s": "1/s", CPU: "ns", "response_p99_ns": "ns", "memory_total_bytes": "bytes", "server_threads": "1"}


def estimate(ratio, spread=0.06):
    """A RATIO with an interval of this half-width; None: none."""
    if ratio is None:
        return None
    low, high = (None, None) if spread is None else (ratio * math.exp(-spread), ratio * math.exp(spread))
    return {"ratio": ratio, "low": low, "high": high, "coverage": None if spread is None else 0.99}


def decide(found, direction, threshold):
    """The verdict that follows from an estimate."""
    if found is None or found["low"] is None:
        return "undecided"
    above, below = found["low"] >= threshold, found["high"] <= threshold
    return ("confirmed" if above == (direction == "at_least") else "refuted") if above or below else "undecided"


def case(name="only", ratio=2.0, x=None, at_least=1.5, at_most=None, spread=0.06, **change):
    """A CASE of a comparison; `at_most` goes before `at_least`."""
    direction, threshold = ("at_least", at_least) if at_most is None else ("at_most", at_most)
    found = estimate(ratio, spread)
    made = {
        "name": name,
        "x": x,
        "verdict": decide(found, direction, threshold),
        "reason": None,
        "kind": "servers",
        "metric": CPU,
        "unit": "ns",
        "direction": direction,
        "threshold": threshold,
        "base_label": "epoll, 0 idle",
        "new_label": "poll, 0 idle",
        "interleaved": True,
        "placement": "split",
        "base": 4300.0,
        "new": None if ratio is None else 4300.0 * ratio,
        "ratio": found,
        "value": None,
        "units": 0 if ratio is None else 8,
        "smallest_effect": 0.03,
        "control": estimate(1.004, 0.01) if ratio else None,
        "published": None,
        "log_ratios": [],
        "control_log_ratios": [],
        "mechanism": None,
    }
    return made | change


def value_case(name, value, at_least=0.999, at_most=None, spread=0.0, **change):
    """A CASE about the value of one side."""
    made = case(name, None, None, at_least, at_most, base_label=None, base=None, new=value, metric="server_threads", unit="1")
    found = None if value is None else {"value": value, "low": value - spread, "high": value + spread, "coverage": 0.99}
    inner = found and {"ratio": value, "low": found["low"], "high": found["high"]}
    made |= {"value": found, "units": 6, "verdict": decide(inner, made["direction"], made["threshold"])}
    return made | change


def absent(name, verdict, reason, **change):
    """A CASE without a figure."""
    return case(name, None, verdict=verdict, reason=reason, control=None, smallest_effect=None, base=None, **change)


def combine(verdicts):
    """The verdict of a test or a claim."""
    found = set(verdicts) - {"unsupported"} or {"unsupported"}
    if {"confirmed", "refuted"} <= found:
        return "contested"
    return next(each for each in ("contested", "invalid", "undecided", "unsupported", "refuted", "confirmed") if each in found)


def test(name, *cases, says=None, axis=None, **change):
    first = cases[0]
    bound = {"at_least": None, "at_most": None} | {first["direction"]: first["threshold"]}
    verdict = combine(each["verdict"] for each in cases)
    made = {
        "name": name,
        "says": says or f"{name}: one costs at least as much as the claim says, with the threshold that it declares",
        "metric": first["metric"],
        "unit": first["unit"],
        **bound,
        "axis": axis,
        "verdict": verdict,
        "reason": f"{verdict} by {len(cases)} cases",
        "cases": list(cases),
    }
    return made | change


def sweep(name, says, at_least, ratios, axis="idle connections", published=None, at_most=None):
    """A test with a case for each {x: ratio}."""
    cases = [
        case(
            f"{x:,} idle", ratio, x, at_least, at_most, published=(published or {}).get(x),
            new_label=f"poll, {x:,} idle", base_label=f"epoll, {x:,} idle",
        )
        for x, ratio in ratios.items()
    ]
    return test(name, *cases, says=says, axis=axis)


def flip(name="poll-twice", says="poll takes twice the CPU time per request of epoll", found=(137.0, 110.0, 170.0), **change):
    """A FLIP; `found`: estimate, low, high, or None."""
    top = 2000
    values = [0, 45, 110, 170, 300, top] if found else [0, top]
    at = found[0] if found else 1e6
    points = [{"value": value, "ratio": estimate(1 + value / at), "verdict": "refuted" if value < at else "confirmed"} for value in values]
    made = {
        "name": name,
        "says": says,
        "metric": CPU,
        "unit": "ns",
        "parameter": "idle_connections",
        "direction": "at_least",
        "threshold": 2.0,
        "low": found[1] if found else None,
        "high": found[2] if found else None,
        "estimate": found[0] if found else None,
        "reason": None if found else f"does not hold anywhere in 0..{top}",
        "points": points,
    }
    return made | change


def claim(name, sentence, *tests, flips=(), **change):
    verdict = combine(each["verdict"] for each in tests)
    made = {
        "id": name,
        "claim": sentence,
        "source": "tutorials on concurrent servers, 2017-2020",
        "setup": None,
        "confounders": ["idle connections also cost memory and cache, which is no work of select or poll"],
        "choice": CHOICE,
        "verdict": verdict,
        "reason": f"{verdict} by {len(tests)} tests",
        "tests": list(tests),
        "flips": list(flips),
    }
    return made | change


def mechanism(text="33.1 system calls per request instead of 2.02, 94 % of the CPU time in the kernel"):
    base = {"server_syscalls_per_request": 2.02, "server_cpu_system_per_request_ns": 3300.0}
    return {"text": text, "base": base, "new": {"server_syscalls_per_request": 33.1, "server_cpu_system_per_request_ns": None}}


def usual_claims():
    """A claim for each verdict, and each kind of test."""
    grows = sweep(
        "poll-grows",
        "with idle connections poll takes at least 1.5 times epoll's CPU time per request",
        1.5,
        {100: 1.62, 300: 2.9, 1000: 6.9},
    )
    grows["cases"][-1]["mechanism"] = mechanism()
    steep = {"per_x": 51.2, "low": 49.0, "high": 53.0, "coverage": 0.95}
    grows["slopes"] = {"base": {"per_x": 0.5, "low": None, "high": None, "coverage": None}, "new": steep}
    stays = test("epoll-stays", case("epoll-stays", 1.03, at_most=1.25, new_label="epoll, 1,000 idle"), says="with 1,000 idle connections epoll takes at most 1.25 times the CPU time per request that it takes without")
    select = test("select-grows", case("select-grows", 4.81, base_label="select, 0 idle", new_label="select, 900 idle", mechanism=mechanism("one wait returns 1.1 events instead of 7.9")), says="with 900 idle connections select takes at least 1.5 times the CPU time per request that it takes without")
    flips = [flip(), flip("select-twice", "select takes twice the CPU time per request of epoll", (212.0, 180.0, 240.0))]
    served = test(
        "served",
        value_case("select, 1,100 connections", 0.92, new_label="select"),
        value_case("poll, 1,100 connections", 1.0, at_least=0.999, new_label="poll", verdict="confirmed"),
        says="of 1,100 connections at least 99.9 % are served",
    )
    placement = test(
        "one-connection",
        case("CPUs split", 0.93, at_least=1.0, base_label="iterative", new_label="epoll"),
        case("one CPU", 1.12, at_least=1.0, base_label="iterative", new_label="epoll", placement="shared"),
        says="with one connection epoll takes at least the CPU time per request of the iterative server",
    )
    errors = test("no-failures", value_case("rst", 0.0, at_most=0.001, new_label="epoll", metric="failed_share"), says="at most 0.1 % of the others' requests fail")
    return (
        claim("K2", "select and poll get slower as the number of watched descriptors grows; epoll does not", select, grows, stays, flips=flips),
        claim("K1", "with a single connection, multiplexing is slower than plain blocking I/O", placement),
        claim("K3", "select is limited to 1024 descriptors, poll and epoll are not", served),
        claim("K4", "the limit of select can be raised, at a loss of efficiency", test("large", case("only", 1.01, spread=0.04, at_least=1.03)), flips=[flip("large-twice", "select-large takes twice the CPU time of select", None)]),
        claim("K10", "a CPU-heavy callback delays every other connection of a single-threaded multiplexer", test("light", case("50 % heavy", 140.0, at_least=2, metric="response_p99_ns@light", reason="the rounds of one unit were disturbed")), test("bytes", case("bytes", 0.31, at_most=0.9, metric="memory_total_bytes", unit="bytes"))),
        claim("K14", "switching without waiting on I/O only adds cost: running one after the other is faster", test("serial", case("fiber", 1.0, spread=0.01, at_least=1.2, kind="calls", metric="time_ns", placement="split", base_label="serial", new_label="switch/fiber"))),
        claim("K17", "asynchronous frameworks carry more requests per second than synchronous ones", test("node", absent("node", "unsupported", "there is no node: apt-get install nodejs"))),
        claim("K18", "one client that dies abruptly must not disturb the server or the other clients", errors, test("others", absent("rst", "invalid", "the control is at 1.31 [1.22, 1.40], beyond 5 %"))),
    )


def published_claims():
    """Two claims of other people, with their figures."""
    theirs = {1: 0.99, 50: 1.05, 150: 1.25, 300: 1.49, 500: 1.68, 1000: 1.6}
    ours = {1: 0.97, 50: 1.04, 150: 1.06, 300: 1.07, 500: 1.11, 1000: 1.1}
    curve = sweep("curve", "io_uring carries at least as many requests per second as epoll", 1.0, ours, "connections", theirs)
    for each in curve["cases"]:
        each |= {"metric": "throughput_per_s", "unit": "1/s", "new_label": f"io-uring, {each['x']} connections"}
    frevib = {"source": "frevib, io_uring-echo-server, 2020", "setup": "Linux 5.6-rc1, 2 isolated CPUs, echo of 128 bytes"}
    gammo = {"source": "Gammo, Brecht, Shukla, Pariag, OLS 2004", "setup": "4 x Xeon, Linux 2.6.5"}
    drop = test("idle-10000", case("poll", 0.03, at_most=0.4, published=0.21, metric="throughput_per_s", unit="1/s"), case("select", 0.28, at_most=0.4, published=0.21, metric="throughput_per_s", unit="1/s"), says="with many idle connections select and poll lose at least 60 % of their throughput")
    return (
        claim("frevib-2020", "io_uring is up to 68 % faster than epoll with many clients", curve, **frevib),
        claim("gammo-2004", "with 10,000 idle connections select and poll lose up to 79 % of their throughput", drop, **gammo),
    )


def many_claims():
    """Eighteen claims with random figures, many tests, many cases and long texts."""
    chance = random.Random(4)
    made = []
    for number in range(1, 19):
        tests = []
        for index in range(1 + number % 7):
            cases = [case(f"case {each} with a name that is rather long for its column", math.exp(chance.gauss(0.4, 1.2)), at_least=chance.choice((0.5, 1.0, 1.5, 10))) for each in range(1 + chance.randrange(9))]
            tests.append(test(f"a-test-with-a-long-name-{index}", *cases, says="a sentence about one server that costs more than the other, at a number of connections " * 2))
        flips = [flip(f"flip-{each}") for each in range(number % 3)]
        made.append(claim(f"K{number}", "a claim that somebody wrote in a tutorial, with one condition and another one " * 2, *tests, flips=flips))
    return made


def document(*claims, **change):
    """A fanin-claims DOCUMENT."""
    verdicts = [each["verdict"] for each in claims]
    words = ("confirmed", "refuted", "contested", "undecided", "unsupported", "invalid")
    made = {
        "schema": "fanin-claims",
        "schema_version": 1,
        "id": "claims-20261129T070000Z",
        "started_at": TIME,
        "finished_at": TIME,
        "complete": True,
        "seed": 4,
        "budget_s": 900,
        "fanin_version": "0.1.0",
        "environment": {"start": environment(), "end": None},
        "procedure": {"method": "signed-rank intervals with alpha spending", "error_rate": 0.01, "looks": [6, 12], "false_alarms": "not measured"},
        "summary": {word: verdicts.count(word) for word in words},
        "claims": list(claims),
    }
    return made | change
