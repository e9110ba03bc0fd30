"""A synthetic run for tests of the charts. NOT a measurement: every number here is made up, none of it may leave the tests.

Histograms are computed here from the samples in another way than plots/histogram.py does it, so that the two check each other.
"""

import json
import math
import random

SERVERS = ("process", "thread", "select", "poll", "epoll")
_ROUNDS = 5
_PERCENTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999, "p99.99": 0.9999}
_TIME = "2026-11-20T19:00:00Z"


def bucket_bounds(value):
    """(lowest, highest) value of the bucket of an integer, from the definition in results/README.md."""
    if value < 256:
        return value, value
    width = 2 ** (math.floor(math.log2(value)) - 7)
    return value // width * width, value // width * width + width - 1


def histogram(samples, infinite=0):
    """A HISTOGRAM object of integer samples in ns."""
    samples = sorted(samples)
    counts = {}
    for value in samples:
        lowest = bucket_bounds(value)[0]
        counts[lowest] = counts.get(lowest, 0) + 1
    total = len(samples) + infinite
    document = {
        "unit": "ns", "significant_digits": 2, "count": len(samples), "infinite": infinite,
        "min": samples[0] if samples else None, "max": samples[-1] if samples else None,
        "mean": sum(samples) / len(samples) if samples else None,
        "percentiles": {}, "buckets": [list(each) for each in sorted(counts.items())],
    }
    for name, share in _PERCENTILES.items():
        rank = math.ceil(round(share * total, 6))
        enough = round(total * (1 - share), 6) >= 10
        if enough and rank > len(samples):
            document.setdefault("infinite_from", name)
        document["percentiles"][name] = bucket_bounds(samples[rank - 1])[1] if enough and rank <= len(samples) else None
    return document


def load(samples, connections=1, idle=0, rate=None, bottleneck="server", warning=None, infinite=0):
    """A load result whose window was filled with requests of these response times."""
    completed, busy = len(samples), 6200.0
    return {
        "schema": "fanin-load", "schema_version": 1, "version": "0.1.0", "started_at": _TIME,
        "target": {"host": "127.0.0.1", "port": 40001},
        "workload": {
            "protocol": "echo", "loop": "open" if rate else "closed", "driver": "epoll", "threads": 1, "connections": connections,
            "idle_connections": idle, "payload_bytes": 64, "depth": 1, "think_ns": 0, "rate_per_s": rate,
            "arrival": "poisson" if rate else None, "requests_per_connection": 0, "duration_ns": 1_000_000_000, "requests": None,
            "warmup_ns": 300_000_000, "timeout_ns": 5_000_000_000, "close": "fin", "seed": 1,
        },
        "window": {"opened_at": _TIME, "duration_ns": 1_000_000_000},
        "connections": {
            "requested": connections, "established": connections, "served": connections, "failed": 0, "reconnects": 0,
            "idle_requested": idle, "idle_established": idle, "idle_lost": 0,
            "replies_min": completed // connections, "replies_median": completed / connections, "replies_max": completed // connections + 1,
        },
        "requests": {"sent": completed + infinite, "completed": completed, "failed": infinite, "unanswered": 0},
        "errors": {"reset": infinite} if infinite else {},
        "throughput": {"requests_per_s": float(completed), "received_bytes_per_s": 64.0 * completed, "sent_bytes_per_s": 64.0 * completed},
        "latency": {"response": histogram(samples, infinite), "service": histogram(samples, infinite), "connect": histogram([50_000])},
        "schedule": None if not rate else {
            "asked_rate_per_s": rate, "achieved_rate_per_s": rate, "tolerance_ns": 100_000, "within_tolerance_share": 1.0,
            "lateness": histogram([500] * completed),
        },
        "series": [{"second": 0, "completed": completed, "failed": infinite, "p50_ns": None, "p99_ns": None, "max_ns": None}],
        "generator": {
            "cpu_user_ns": 1, "cpu_system_ns": 1, "cpu_per_request_ns": busy, "busiest_thread_utilisation": 0.9, "run_queue_wait_ns": 0,
            "voluntary_switches": 0, "involuntary_switches": 0, "max_rss_bytes": 1 << 20,
        },
        "checks": {"littles_law_ratio": 1.0},
        "bottleneck": {"verdict": bottleneck, "reason": f"the {bottleneck} was busy for 99 % of the window"},
        "verdict": {"status": "warning" if warning else "valid", "reasons": [warning] if warning else []},
    }


def server_reading(cpu, pss):
    """What the monitor read of a server that spent `cpu` ns per request."""
    return {
        "exit_status": 0, "stderr_tail": None, "ready_ns": 2_000_000, "cpu_user_ns": 1, "cpu_system_ns": 1, "cpu_ns": 2,
        "cpu_per_request_ns": cpu, "rss_bytes": 2 * pss, "pss_bytes": pss, "threads": 1, "processes": 1, "descriptors": 9,
        "voluntary_switches": 10, "involuntary_switches": 1,
        "counters": {"connections": {"accepted": 1}, "bytes": {"received": 64}, "syscalls": {"recv": 1}, "events_per_wait": [[1, 5]]},
    }


def environment():
    """An ENVIRONMENT of a machine that does not exist."""
    return {
        "collected_at": _TIME, "clocksource": "tsc", "hypervisor": "kvm",
        "kernel": {"release": "6.1.0-fixture", "version": "#1 SMP", "machine": "x86_64", "command_line": None},
        "cpu": {"model": "Fixture CPU @ 2.00GHz", "online": 2, "governor": None},
        "memory": {"total_bytes": 8 << 30},
        "limits": {"nofile_soft": 20000, "nofile_hard": 20000},
        "build": {"version": "0.1.0", "compiler": "gcc 12.2.0", "build_type": "Release", "git_commit": "0123456789abcdef", "git_dirty": False},
        "unreadable": {"cpu.governor": "no cpufreq", "kernel.command_line": "permission denied"},
    }


def _model(server, parameter, value, random_):
    """Made-up (throughput, cpu ns, latency ns, pss bytes) that look a little like the real thing."""
    idle = value if parameter == "idle_connections" else 0
    active = 10 if parameter == "idle_connections" else value
    cpu = {"process": 11_000, "thread": 9_500, "select": 6_600, "poll": 6_300, "epoll": 6_200}[server]
    cpu += {"select": 52, "poll": 55}.get(server, 0) * idle
    cpu *= random_.uniform(0.96, 1.05)
    throughput = min(1.0, 0.3 + 0.2 * math.log2(1 + active)) * 1e9 / max(cpu, 6_200)
    memory = {"process": 120 << 10, "thread": 22 << 10}.get(server, 1 << 9) * (active + idle) + (900 << 10)
    return throughput, cpu, 1e9 / throughput * active, memory


def _round(cell, block, order, random_, rate, infinite):
    throughput, cpu, latency, memory = _model(cell["server"], cell["parameter"], cell["value"], random_)
    # A sample of the requests is enough for a test: the throughput of a round is its number of samples.
    number = max(30, int(throughput / 40))
    samples = [int(latency * random_.lognormvariate(0, 0.35)) + (400_000 if random_.random() < 0.004 else 0) for _ in range(number)]
    idle = cell["value"] if cell["parameter"] == "idle_connections" else 0
    limited = cell["server"] in ("epoll", "poll", "select") and cell["value"] == 100 and not idle
    warning = "12 % of the machine's CPU time was stolen" if cell["server"] == "thread" and cell["value"] == 10 else None
    return {
        "cell": cell["id"], "block": block, "order": order, "started_at": _TIME, "status": "ok", "reason": None,
        "load": load(samples, 10 if cell["parameter"] == "idle_connections" else max(1, cell["value"]), idle, rate, "generator" if limited else "server", warning, infinite),
        "server": server_reading(cpu, int(memory)),
        "machine": {"cpu_busy_ns": 2, "cpu_per_request_ns": cpu + 6200, "steal_ns": 0, "netstat": {"TcpExt.ListenOverflows": 0}},
    }


def bad_round(cell, block, status, reason):
    """A round without numbers."""
    return {"cell": cell, "block": block, "order": 0, "started_at": _TIME, "status": status, "reason": reason,
            "load": None, "server": None, "machine": None}


_METRICS = {
    "throughput_per_s": ("1/s", lambda one: one["load"]["throughput"]["requests_per_s"]),
    "response_p50_ns": ("ns", lambda one: one["load"]["latency"]["response"]["percentiles"]["p50"]),
    "response_p99_ns": ("ns", lambda one: one["load"]["latency"]["response"]["percentiles"]["p99"]),
    "response_p999_ns": ("ns", lambda one: one["load"]["latency"]["response"]["percentiles"]["p99.9"]),
    "server_cpu_per_request_ns": ("ns", lambda one: one["server"]["cpu_per_request_ns"]),
    "server_pss_bytes": ("bytes", lambda one: one["server"]["pss_bytes"]),
}


def _summaries(cell, rounds):
    for metric, (unit, of) in _METRICS.items():
        values = sorted(value for value in map(of, rounds) if value is not None)
        summary = {"cell": cell["id"], "metric": metric, "unit": unit, "n": len(values)}
        if len(values) < len(rounds):
            yield summary | {"n": 0, "median": None, "low": None, "high": None, "coverage": None, "reason": "too few requests in a round"}
        else:
            middle = (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2
            yield summary | {"median": middle, "low": values[0], "high": values[-1], "coverage": 1 - 2 * 0.5 ** len(values)}


# (experiment, server, value) -> (status, reason): cells of the synthetic run that have no number.
GAPS = {
    ("echo-closed", "select", 2000): ("unsupported", "descriptors from 1024 on do not fit into an fd_set"),
    ("echo-closed", "process", 2000): ("failed", "fork: Resource temporarily unavailable"),
    ("echo-closed", "thread", 1): ("invalid", "0 of 1 connections were served"),
    ("echo-closed", "poll", 1000): ("pending", "interrupted"),
    ("active-idle", "select", 1000): ("unsupported", "1013 descriptors are more than the 1023 that select carries"),
    ("active-idle", "select", 10000): ("unsupported", "10013 descriptors are more than the 1023 that select carries"),
}
EXPERIMENTS = (
    ("echo-closed", "64-byte echo", SERVERS, "connections", (1, 10, 100, 1000, 2000), None),
    ("active-idle", "10 active connections", ("select", "poll", "epoll"), "idle_connections", (0, 100, 1000, 10000), None),
    ("echo-open", "open loop", ("thread", "epoll"), "connections", (100,), 5000.0),
)


def make_run(servers=None, experiments=EXPERIMENTS, gaps=None, infinite=0):
    """A run document. `servers`: pairs (name, model) instead of the five; `gaps` instead of GAPS."""
    servers = servers or [(name, name) for name in SERVERS]
    gaps = GAPS if gaps is None else gaps
    random_ = random.Random(7)
    suite_experiments, cells, rounds, summaries = [], [], [], []
    for name, title, members, parameter, values, rate in experiments:
        workload = {"protocol": "echo", "payload_bytes": 64} | ({"rate_per_s": rate, "arrival": "poisson"} if rate else {})
        suite_experiments.append({"name": name, "title": title, "servers": list(members), "workload": workload,
                                  "sweep": {"parameter": parameter, "values": list(values)}})
        for server in members:
            for value in values:
                status, reason = gaps.get((name, server, value), ("measured", None))
                cell = {"id": f"{name}/{server}/{value}", "experiment": name, "server": server, "parameter": parameter,
                        "value": value, "role": "measure", "status": status, "reason": reason}
                cells.append(cell)
                if status == "measured":
                    like = cell | {"server": dict(servers)[server] if dict(servers)[server] in SERVERS else "epoll"}
                    ok = [_round(like, block, len(cells), random_, rate, infinite) for block in range(_ROUNDS)]
                    rounds += ok
                    summaries += _summaries(cell, ok)
                elif status != "pending":
                    rounds.append(bad_round(cell["id"], 0, "failed" if status == "failed" else "unsupported", reason))
    return {
        "schema": "fanin-run", "schema_version": 1, "run_id": "fixture-20261120T190000Z", "started_at": _TIME, "finished_at": _TIME,
        "complete": not any(status == "pending" for status, _ in gaps.values()), "seed": 7,
        "suite": {"schema": "fanin-suite", "schema_version": 1, "name": "fixture", "repetitions": _ROUNDS, "seed": 7, "duration": "1s",
                  "servers": [_suite_server(name, model) for name, model in servers], "experiments": suite_experiments},
        "environment": {"start": environment(), "end": environment()},
        "placement": {"mode": "split", "server_cpus": [0], "client_cpus": [1]},
        "servers": [{"name": name, "model": model, "kind": "model" if model else "external", "summary": "made up",
                     "command": None if model else ["serve", "{port}"]} for name, model in servers],
        "conformance": [{"server": name, "protocol": "echo", "status": "passed", "cases": 12, "reason": None} for name, _ in servers],
        "cells": cells, "rounds": rounds, "summaries": summaries,
    }


def _suite_server(name, model):
    return {"name": name, "model": model} if model else {"name": name, "command": ["serve", "{port}"]}


def make_micro():
    """A Google Benchmark document."""
    benchmarks = []
    for n in (10, 100, 1000, 10000):
        for active in (1, 10):
            for call, slope in (("select", 51), ("poll", 52), ("epoll_wait", 0)):
                name = f"wait/{call}/n:{n}/active:{active}"
                if call == "select" and n > 1000:
                    benchmarks.append({"name": name, "run_name": name, "run_type": "iteration", "error_occurred": True,
                                       "error_message": "an fd_set holds 1024 descriptors"})
                    continue
                for repetition in range(3):
                    time = (470 + slope * n + 60 * active) * (1 + 0.03 * repetition)
                    benchmarks.append({"name": name, "run_name": name, "run_type": "iteration", "real_time": time, "cpu_time": time,
                                       "time_unit": "ns", "n": n, "active": active})
    for name, time in (("epoll_ctl/add_del", 640.0), ("epoll_ctl/mod", 310.0), ("histogram/record", 4.2), ("parse/echo", 18.0)):
        benchmarks.append({"name": name, "run_name": name, "run_type": "iteration", "real_time": time / 1e3, "time_unit": "us"})
    return {"context": {"date": "2026-11-20T19:00:00+00:00", "num_cpus": 2, "mhz_per_cpu": 2000, "library_build_type": "release"},
            "benchmarks": benchmarks}


def write_run(directory, run=None, micro=True):
    """Writes run.json (and micro.json) into `directory` and returns its path."""
    (directory / "run.json").write_text(json.dumps(run or make_run()), encoding="utf-8")
    if micro:
        (directory / "micro.json").write_text(json.dumps(make_micro()), encoding="utf-8")
    return directory
