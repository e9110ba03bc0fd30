"""A synthetic run for tests of the charts. NOT a measurement: every number is made up, none may leave the tests."""

import functools
import json
import math
import random

import numpy

from plots.document import metric_divisors, metric_table
from plots.tests.fixture_parts import TIME, environment, load, make_micro, server_reading

SERVERS = ("process", "thread", "select", "poll", "epoll")
_ROUNDS = 5
_SEED = 7


def _model(server, parameter, value, random_):
    """Made-up but plausible (throughput, CPU ns, latency ns, PSS bytes)."""
    idle = value if parameter == "idle_connections" else 0
    active = 10 if parameter == "idle_connections" else value
    cpu = {"process": 11_000, "thread": 9_500, "select": 6_600, "poll": 6_300, "epoll": 6_200}[server]
    cpu += {"select": 52, "poll": 55}.get(server, 0) * idle
    cpu *= random_.uniform(0.96, 1.05)
    throughput = min(1.0, 0.3 + 0.2 * math.log2(1 + active)) * 1e9 / max(cpu, 6_200)
    memory = {"process": 120 << 10, "thread": 22 << 10}.get(server, 1 << 9) * (active + idle) + (900 << 10)
    return throughput, cpu, 1e9 / throughput * active, memory


def _round(cell, block, order, random_, rate, uncompleted):
    throughput, cpu, latency, memory = _model(cell["server"], cell["parameter"], cell["value"], random_)
    # A sample of the requests is enough: the throughput of a round is its number of samples.
    number = max(30, int(throughput / 40))
    samples = [
        int(latency * random_.lognormvariate(0, 0.35)) + (400_000 if random_.random() < 0.004 else 0)
        for _ in range(number)
    ]
    idle = cell["value"] if cell["parameter"] == "idle_connections" else 0
    limited = cell["server"] in ("epoll", "poll", "select") and cell["value"] == 100 and not idle
    warning = (
        "12 % of the machine's CPU time was stolen" if cell["server"] == "thread" and cell["value"] == 10 else None
    )
    return {
        "cell": cell["id"],
        "block": block,
        "order": order,
        "started_at": TIME,
        "status": "ok",
        "reason": None,
        "load": load(
            samples,
            10 if cell["parameter"] == "idle_connections" else max(1, cell["value"]),
            idle,
            rate,
            "generator" if limited else "server",
            warning,
            uncompleted,
            (_SEED + 1_000_003 * block + order) >> 1,  # as fanin gives it
        ),
        "server": server_reading(
            cpu,
            int(memory),
            1 + idle if cell["server"] in ("process", "thread") else 1,
            1 + idle if cell["server"] == "process" else 1,
        ),
        "machine": {
            "cpu_busy_ns": 2,
            "cpu_per_request_ns": cpu + 6200,
            "steal_ns": 0,
            "slab_bytes": 40_000 + int(idle * random_.uniform(4600, 4700)),
            "netstat": {"TcpExt.ListenOverflows": 0},
        },
    }


def bad_round(cell, block, status, reason, order=0):
    """A round without a result."""
    return {
        "cell": cell,
        "block": block,
        "order": order,
        "started_at": TIME,
        "status": status,
        "reason": reason,
        "load": None,
        "server": None,
        "machine": None,
    }


def _value(one, metric):
    row = metric_table()[metric]
    amount = _sum(one, row["places"])
    if amount is None or "per" not in row:
        return amount
    sums = (_sum(one, places) for places in metric_divisors()[row["per"]]["places"])
    divisor = next((each for each in sums if each is not None), None)
    return amount / divisor if divisor else None


def _sum(one, places):
    """The sum of the numbers at these places of a round; None where one is absent."""
    parts = []
    for place in places:
        path, _, several = place.partition("/*")
        value = functools.reduce(lambda value, key: (value or {}).get(key), path[1:].split("/"), one)
        found = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else [value]
        parts += [max(found)] if several else found
    return None if None in parts else sum(parts)


def _summaries(cell, rounds):
    for metric, row in metric_table().items():
        values = sorted(value for value in (_value(one, metric) for one in rounds) if value is not None)
        summary = {"cell": cell["id"], "metric": metric, "unit": row["unit"], "n": len(values)}
        if len(values) < len(rounds):
            none = {"n": 0, "median": None, "low": None, "high": None, "coverage": None}
            yield summary | none | {"reason": "too few requests in a round"}
        else:
            middle = (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2
            ends = {"low": values[0], "high": values[-1]}
            yield summary | {"median": middle, "coverage": 1 - 2 * 0.5 ** len(values)} | ends


def _slopes(results, experiment, server):
    """Slopes over idle connections, by numpy's fit, not by the formula of the harness."""
    cells = {
        each["id"]: each["value"]
        for each in results["cells"]
        if (each["experiment"], each["server"], each["status"]) == (experiment, server, "measured")
    }
    for metric in (name for name, row in metric_table().items() if "slope" in row):
        slope = {
            "experiment": experiment,
            "server": server,
            "parameter": "idle_connections",
            "values": list(cells.values()),
            "metric": metric,
            "unit": "bytes",
        }
        blocks = {}
        for one in results["rounds"]:
            if one["cell"] in cells:
                blocks.setdefault(one["block"], []).append((cells[one["cell"]], _value(one, metric)))
        found = sorted(float(numpy.polyfit(*zip(*points), 1)[0]) for points in blocks.values()) if len(cells) > 1 else []
        if found:
            ends = {"median": found[len(found) // 2], "low": found[0], "high": found[-1]}
            yield slope | ends | {"n": len(found), "coverage": 1 - 2 * 0.5 ** len(found)}
        else:
            reason = f"{len(cells)} of the sweep values were measured: made up"
            yield slope | {"n": 0, "median": None, "low": None, "high": None, "coverage": None, "reason": reason}


# (experiment, server, value) -> (status, reason): cells of the synthetic run without a result.
GAPS = {
    ("echo-closed", "select", 2000): ("unsupported", "descriptors from 1024 on do not fit into an fd_set"),
    ("echo-closed", "process", 2000): ("failed", "fork: Resource temporarily unavailable"),
    ("echo-closed", "thread", 1): ("invalid", "0 of 1 connections were served"),
    ("echo-closed", "poll", 1000): ("pending", f"0 of {_ROUNDS} rounds are done"),
    ("active-idle", "select", 1000): ("unsupported", "1013 descriptors are more than the 1023 that select carries"),
    ("active-idle", "select", 10000): ("unsupported", "10013 descriptors are more than the 1023 that select carries"),
}
EXPERIMENTS = (
    ("echo-closed", "64-byte echo", SERVERS, "connections", (1, 10, 100, 1000, 2000), None),
    (
        "active-idle",
        "10 active connections",
        ("select", "poll", "epoll"),
        "idle_connections",
        (0, 100, 1000, 10000),
        None,
    ),
    ("echo-open", "open loop", ("thread", "epoll"), "connections", (100,), 5000.0),
)


def make_run(servers=None, experiments=EXPERIMENTS, gaps=None, uncompleted=0):
    """A run document. `servers`: pairs (name, model) instead of the five; `gaps` instead of GAPS."""
    arguments = (servers, experiments, gaps, uncompleted)
    key = repr(arguments)
    if key not in _made:
        _made[key] = json.dumps(_make_run(*arguments))
    return json.loads(_made[key])


def small_run():
    """A run of one server and two cells."""
    experiments = (("echo-closed", "echo", ("epoll",), "connections", (1, 10), None),)
    return make_run([("epoll", "epoll")], experiments, {})


def interleave(run, *experiments, baseline="epoll", control=None):
    """The run with these experiments interleaved and their ratios to `baseline`. `control`: value of an A/A control."""
    ratios = run.setdefault("ratios", [])
    for each in run["suite"]["experiments"]:
        if each["name"] in experiments:
            each |= {"design": "interleaved", "baseline": baseline}
            if control is not None:
                _add_control(run, each, control)
            cells = [cell for cell in run["cells"] if cell["experiment"] == each["name"]]
            ratios += [_ratio(run, each, cell, metric) for cell in cells for metric in _RATIOS if cell["status"] != "pending"]
    run["ratios"] = [each for each in ratios if each["cell"] != each["baseline"]]
    return run


_RATIOS = ("throughput_per_s", "server_cpu_per_request_ns", "response_p99_ns")


def _add_control(run, experiment, value):
    """A second cell of the baseline, whose rounds are those of the first in another order."""
    original = f"{experiment['name']}/{experiment['baseline']}/{value}"
    experiment["aa"] = {"server": experiment["baseline"], "value": value}
    (cell,) = (each for each in run["cells"] if each["id"] == original)
    run["cells"].append(cell | {"id": original + "/aa", "role": "aa"})
    rounds = [each for each in run["rounds"] if each["cell"] == original]
    run["rounds"] += [each | {"cell": original + "/aa", "block": (each["block"] + 1) % _ROUNDS} for each in rounds]
    run["summaries"] += [each | {"cell": original + "/aa"} for each in run["summaries"] if each["cell"] == original]


def _ratio(run, experiment, cell, metric):
    """A ratio with minimum and maximum as its interval, not by the formula of the harness."""
    baseline = f"{experiment['name']}/{experiment['baseline']}/{cell['value']}"
    values = {}
    for one in run["rounds"]:
        if one["status"] == "ok" and one["cell"] in (cell["id"], baseline):
            values.setdefault(one["cell"], {})[one["block"]] = _value(one, metric)
    pairs = [(value, values.get(baseline, {}).get(block)) for block, value in values.get(cell["id"], {}).items()]
    found = sorted(value / base for value, base in pairs if value and base)
    ratio = {"cell": cell["id"], "baseline": baseline, "metric": metric, "n": len(found)}
    if not found:
        none = {"ratio": None, "low": None, "high": None, "coverage": None}
        return ratio | none | {"reason": "no block has both rounds with this value"}
    ends = {"ratio": found[len(found) // 2], "low": found[0], "high": found[-1]}
    return ratio | ends | {"coverage": 1 - 2 * 0.5 ** len(found), "reason": None}


_made = {}  # runs as JSON by what they were asked for: making one takes seconds, and tests change theirs


def _make_run(servers, experiments, gaps, uncompleted):
    servers = servers or [(name, name) for name in SERVERS]
    gaps = GAPS if gaps is None else gaps
    results = {"cells": [], "rounds": [], "summaries": [], "slopes": []}
    random_ = random.Random(7)
    for experiment in experiments:
        for server in experiment[2]:
            for value in experiment[4]:
                _add_cell(results, experiment, server, value, gaps, dict(servers), random_, uncompleted)
            if experiment[3] == "idle_connections":
                results["slopes"] += _slopes(results, experiment[0], server)
    suite = {
        "schema": "fanin-suite",
        "schema_version": 2,
        "name": "fixture",
        "repetitions": _ROUNDS,
        "seed": _SEED,
        "duration": "1s",
        "servers": [_suite_server(name, model) for name, model in servers],
        "experiments": [_suite_experiment(*each) for each in experiments],
    }
    return {
        "schema": "fanin-run",
        "schema_version": 2,
        "run_id": "fixture-20261120T190000Z",
        "started_at": TIME,
        "finished_at": TIME,
        "complete": not any(status == "pending" for status, _ in gaps.values()),
        "seed": _SEED,
        "suite": suite,
        "environment": {"start": environment(), "end": environment()},
        "placement": {"mode": "split", "server_cpus": [0], "client_cpus": [1]},
        "servers": [_run_server(name, model) for name, model in servers],
        "conformance": [
            {"server": name, "protocol": "echo", "status": "passed", "cases": 12, "reason": None} for name, _ in servers
        ],
        **results,
    }


def _add_cell(results, experiment, server, value, gaps, models, random_, uncompleted):
    name, _, _, parameter, _, rate = experiment
    status, reason = gaps.get((name, server, value), ("measured", None))
    cell = {
        "id": f"{name}/{server}/{value}",
        "experiment": name,
        "server": server,
        "parameter": parameter,
        "value": value,
        "role": "measure",
        "status": status,
        "reason": reason,
    }
    results["cells"].append(cell)
    if status == "measured":
        like = cell | {"server": models[server] if models[server] in SERVERS else "epoll"}
        ok = [_round(like, block, len(results["cells"]), random_, rate, uncompleted) for block in range(_ROUNDS)]
        results["rounds"] += ok
        results["summaries"] += _summaries(cell, ok)
    elif status in ("failed", "invalid"):
        order = len(results["cells"])
        results["rounds"] += [bad_round(cell["id"], block, status, reason, order) for block in range(_ROUNDS)]


def _suite_experiment(name, title, members, parameter, values, rate):
    workload = {"protocol": "echo", "payload_bytes": 64}
    return {
        "name": name,
        "title": title,
        "servers": list(members),
        "workload": workload | ({"rate": rate, "arrival": "poisson"} if rate else {}),
        "sweep": {"parameter": parameter, "values": list(values)},
    }


def _run_server(name, model):
    kind = "model" if model else "external"
    command = None if model else ["serve", "{port}"]
    return {"name": name, "model": model, "kind": kind, "summary": "made up", "command": command}


def _suite_server(name, model):
    return {"name": name, "model": model} if model else {"name": name, "command": ["serve", "{port}"]}


def write_run(directory, run=None, micro=True):
    """Writes run.json (and micro.json) into `directory` and returns its path."""
    (directory / "run.json").write_text(json.dumps(run or make_run()), encoding="utf-8")
    if micro:
        (directory / "micro.json").write_text(json.dumps(make_micro()), encoding="utf-8")
    return directory
