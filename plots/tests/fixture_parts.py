"""Parts of synthetic documents: histograms, load results, readings, environment, comparisons. NOT measurements.

Histograms are computed from samples, not as in plots/histogram.py, so that the two check each other.
"""

import copy
import math

_PERCENTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999, "p99.99": 0.9999}
TIME = "2026-11-20T19:00:00Z"


def bucket_bounds(value):
    """(lowest, highest) value of the bucket of an integer, from the definition in results/README.md."""
    if value < 256:
        return value, value
    width = 2 ** (math.floor(math.log2(value)) - 7)
    return value // width * width, value // width * width + width - 1


def histogram(samples, uncompleted=0):
    """A HISTOGRAM object of integer samples in ns."""
    samples = sorted(samples)
    counts = {}
    for value in samples:
        lowest = bucket_bounds(value)[0]
        counts[lowest] = counts.get(lowest, 0) + 1
    total = len(samples) + uncompleted
    document = {
        "unit": "ns",
        "significant_digits": 2,
        "count": len(samples),
        "uncompleted": uncompleted,
        "min": samples[0] if samples else None,
        "max": samples[-1] if samples else None,
        "mean": sum(samples) / len(samples) if samples else None,
        "percentiles": {},
        "buckets": [list(each) for each in sorted(counts.items())],
    }
    for name, share in _PERCENTILES.items():
        rank = math.ceil(round(share * total, 6))
        enough = round(total * (1 - share), 6) >= 10
        if enough and rank > len(samples):
            document.setdefault("uncompleted_from", name)
        document["percentiles"][name] = min(bucket_bounds(samples[rank - 1])[1], samples[-1]) if enough and rank <= len(samples) else None
    return document


def load(samples, connections=1, idle=0, rate=None, bottleneck="server", warning=None, uncompleted=0, seed=1):
    """A load result with these response times in its window."""
    completed, busy = len(samples), 6200.0
    response = histogram(samples, uncompleted)  # sorts and counts all samples, which is what making a run takes
    reasons = [{"code": "unserved-connections", "text": warning}] if warning else []
    if bottleneck == "generator":
        reasons.append({"code": "generator-saturated", "text": "the generator was saturated, so the server may be faster"})
    return {
        "schema": "fanin-load",
        "schema_version": 2,
        "version": "0.1.0",
        "started_at": TIME,
        "target": {"host": "127.0.0.1", "port": 40001},
        "workload": {
            "protocol": "echo",
            "loop": "open" if rate else "closed",
            "driver": "epoll",
            "threads": 1,
            "connections": connections,
            "idle_connections": idle,
            "payload_bytes": 64,
            "pipeline": 1,
            "think_time_ns": 0,
            "rate_per_s": rate,
            "arrival": "poisson" if rate else None,
            "requests_per_connection": 0,
            "duration_ns": 1_000_000_000,
            "requests": None,
            "warmup_ns": 300_000_000,
            "timeout_ns": 5_000_000_000,
            "close": "fin",
            "seed": seed,
        },
        "window": {"opened_at": TIME, "duration_ns": 1_000_000_000},
        "connections": {
            "requested": connections,
            "established": connections,
            "served": connections,
            "failed": 0,
            "reconnects": 0,
            "idle_requested": idle,
            "idle_established": idle,
            "idle_lost": 0,
            "replies_min": completed // connections,
            "replies_median": completed / connections,
            "replies_max": completed // connections + 1,
        },
        "requests": {"sent": completed + uncompleted, "completed": completed, "failed": uncompleted, "unanswered": 0},
        "errors": {"reset": uncompleted} if uncompleted else {},
        "throughput": {
            "completed_in_window": completed,
            "completed_in_run": completed + 100,
            "requests_per_s": float(completed),
            "received_bytes_per_s": 64.0 * completed,
            "sent_bytes_per_s": 64.0 * completed,
        },
        "latency": {
            "response": response,
            "service": copy.deepcopy(response),
            "connect": histogram([50_000] * 30),
        },
        "schedule": None
        if not rate
        else {
            "asked_rate_per_s": rate,
            "achieved_rate_per_s": rate,
            "tolerance_ns": 100_000,
            "within_tolerance_share": 1.0,
            "queued": 0,
            "queueing": histogram([]),
            "gaps": histogram([1_000_000] * completed),
            "lateness": histogram([500] * completed),
        },
        "series": [
            {"second": 0, "completed": completed // 2, "failed": uncompleted, "p50_ns": 5, "p99_ns": 9_000, "max_ns": 10_000},
            {"second": 1, "completed": 0, "failed": 0, "p50_ns": None, "p99_ns": None, "max_ns": None},
            {"second": 2, "completed": completed - completed // 2, "failed": 0, "p50_ns": 5, "p99_ns": 9_500, "max_ns": 10_000},
        ],
        "generator": {
            "cpu_user_ns": 1,
            "cpu_system_ns": 1,
            "cpu_per_request_ns": busy,
            "busiest_thread_utilisation": 0.9,
            "run_queue_wait_ns": 0,
            "idle_strategy": "sleep",
            "idle_strategy_reason": "a closed loop has no schedule to keep",
            "spun_ns": 0,
            "preemptions": None,
            "voluntary_switches": 0,
            "involuntary_switches": 0,
            "max_rss_bytes": 1 << 20,
        },
        "checks": {"littles_law_ratio": 1.0},
        "bottleneck": {"verdict": bottleneck, "reason": f"the {bottleneck} was busy for 99 % of the window"},
        "verdict": {"status": "warning" if reasons else "valid", "reasons": reasons},
    }


def server_reading(cpu, pss, tasks=1, processes=1):
    """The readings of a server with `cpu` ns per request."""
    return {
        "exit_status": 0,
        "stderr_tail": None,
        "ready_ns": 2_000_000,
        "cpu_user_ns": int(150 * cpu),
        "cpu_system_ns": int(350 * cpu),
        "cpu_ns": int(500 * cpu),
        "cpu_per_request_ns": cpu,
        "rss_bytes": 2 * pss,
        "pss_bytes": pss,
        "page_table_bytes": 45_056 * processes,
        "kernel_stack_bytes": 16_384 * tasks,
        "threads": tasks,
        "processes": processes,
        "descriptors": 9,
        "voluntary_switches": 10,
        "involuntary_switches": 1,
        "counters": {
            "connections": {"accepted": 8, "closed_by_peer": 8, "closed_by_server": 0, "closed_on_error": 0},
            "bytes": {"received": 64},
            "syscalls": {"recv": 500, "send": 500, "wait": 200, "io_uring_enter": 0, "epoll_ctl": 8},
            "would_block": {"recv": 1},
            "connections_by_worker": [5, 3],
            "events": {"returned": 500 + tasks},
            "switches": {"voluntary": 10, "involuntary": 1},
            "events_per_wait": [[2, 200]],
        },
    }


def environment():
    """A made-up ENVIRONMENT."""
    return {
        "collected_at": TIME,
        "clocksource": "tsc",
        "hypervisor": "kvm",
        "kernel": {"release": "6.1.0-fixture", "version": "#1 SMP", "machine": "x86_64", "command_line": None},
        "cpu": {"model": "Fixture CPU @ 2.00GHz", "online": 2, "governor": None},
        "memory": {"total_bytes": 8 << 30},
        "limits": {"nofile_soft": 20000, "nofile_hard": 20000},
        "build": {
            "version": "0.1.0",
            "compiler": "gcc 12.2.0",
            "build_type": "Release",
            "git_commit": "0123456789abcdef",
            "git_dirty": False,
        },
        "unreadable": {"cpu.governor": "no cpufreq", "kernel.command_line": "permission denied"},
    }


def make_micro():
    """A Google Benchmark document. NOT a measurement."""
    benchmarks = []
    for n in (10, 100, 1000, 10000):
        for active in (1, 10):
            for call, slope in (("select", 51), ("poll", 52), ("epoll_wait", 0)):
                name = f"wait/{call}/n:{n}/active:{active}"
                if call == "select" and n > 1000:
                    benchmarks.append(
                        {
                            "name": name,
                            "run_name": name,
                            "run_type": "iteration",
                            "error_occurred": True,
                            "error_message": "an fd_set holds 1024 descriptors",
                        }
                    )
                    continue
                for repetition in range(3):
                    time = (470 + slope * n + 60 * active) * (1 + 0.03 * repetition)
                    benchmarks.append(
                        {
                            "name": name,
                            "run_name": name,
                            "run_type": "iteration",
                            "real_time": time,
                            "cpu_time": time,
                            "time_unit": "ns",
                            "n": n,
                            "active": active,
                        }
                    )
    for name, time in (
        ("epoll_ctl/add_del", 640.0),
        ("epoll_ctl/mod", 310.0),
        ("histogram/record", 4.2),
        ("parse/echo", 18.0),
    ):
        benchmarks.append(
            {"name": name, "run_name": name, "run_type": "iteration", "real_time": time / 1e3, "time_unit": "us"}
        )
    return {
        "context": {
            "date": "2026-11-20T19:00:00+00:00",
            "num_cpus": 2,
            "mhz_per_cpu": 2000,
            "library_build_type": "release",
        },
        "benchmarks": benchmarks,
    }


# Documents of comparisons, as baselines/ and validation/ write them.
NAMES = {"fanin-load epoll": 4.2, "fanin-load io-uring": 3.9, "minimal-epoll-client": 4.0, "minimal-uring-client": 3.0}


def ratio(name, baseline, median):
    return {"name": name, "baseline": baseline, "median": median, "low": 0.9, "high": 1.2, "coverage": 0.97}


ORIGIN = {"measured_at": "2026-03-14T15:09:26Z", "commit": "0123456789", "kernel": "6"}


def comparison_document(**changed):
    """64-byte echo: both drivers compared with both minimal clients, and these with each other."""
    rows = [{"name": name, "cpu_us_per_request": cost, "rounds": [cost]} for name, cost in NAMES.items()]
    ours, (epoll, uring) = list(NAMES)[:2], list(NAMES)[2:]
    pairs = [(name, baseline) for name in ours for baseline in (epoll, uring)] + [(uring, epoll)]
    document = {"schema": "fanin-comparison", "schema_version": 4, "kind": "generator-echo", **ORIGIN, "seconds": 2}
    document |= {"title": "64-byte echo, 50 connections: the generator's own CPU", "connections": 50, "rows": rows}
    document |= {"ratios": [ratio(*pair, NAMES[pair[0]] / NAMES[pair[1]]) for pair in pairs], "skipped": []}
    return document | {"served": None} | changed


def figure(name, unit, measured, expected=None, low=None, high=None, holds=True):
    keys = ("name", "unit", "measured", "expected", "low", "high", "holds")
    return dict(zip(keys, (name, unit, measured, expected, low, high, holds), strict=True))


def validation_document(kind, *figures, **changed):
    document = {"schema": "fanin-validation", "schema_version": 3, "kind": kind, "title": kind, **ORIGIN}
    return document | {"driver": "epoll", "seconds": 10, "figures": list(figures), "notes": []} | changed


def selftest_document(found=9, sessions=10, alarms=0):
    """A made-up result of fanin selftest: `found` of `sessions` found the effect, `alarms` controls raised an alarm."""
    here, there = ({"machine": f"{name} CPU, Linux 6.1.0-fixture", "commit": ORIGIN["commit"]} for name in ("Fixture", "Other"))
    of = [
        (here if number < sessions - 1 else there)
        | {
            "scenario": "cpu+2%-60s",
            "model": "epoll",
            "seconds": 40.0 + number,
            "units": 12,
            "verdict": "worse" if number < found else "undecided",
            "ratio": 1.02,
            "low": 1.011,
            "high": 1.029,
            "expected": {"ratio": 1.021, "low": 1.02, "high": 1.022},
            "covers_expected": number < found,
            "control": 1.001,
            "control_alarm": number < alarms,
            "control_alarm_without_band": number < alarms + 1,
            "control_covers": number >= 1,
        }
        for number in range(sessions)
    ]
    none = dict.fromkeys(("ratio", "low", "high", "control", "control_alarm", "control_covers"))
    lost = here | {"scenario": "cpu+2%-60s", "model": "thread", "seconds": 1.0, "units": 0, "verdict": "fault", "reason": "made up"}
    share = {"low": 0.5, "high": 0.95}
    power = {"scenario": "cpu+2%-60s", "model": "epoll", "median_ratio": 1.02, "median_seconds": 44.5, "median_units": 12}
    power |= {"median_expected": 1.021, "covers_expected": share | {"count": found, "of": sessions}}
    return {
        "schema": "fanin-selftest",
        "schema_version": 2,
        "machines": ["Fixture CPU, Linux 6.1.0-fixture", "Other CPU, Linux 6.1.0-fixture"],
        "environment": environment(),
        "summary": {
            "power": [power | {"found": share | {"count": found, "of": sessions}}],
            "false_alarms": share | {"count": alarms, "of": sessions},
            "false_alarms_without_band": share | {"count": alarms + 1, "of": sessions},
            "false_alarms_at_most": 0.0123,
            "coverage_of_control_intervals": share | {"count": sessions - 1, "of": sessions},
            "coverage_of_effect_intervals": share | {"count": found, "of": sessions},
        },
        "sessions": [*of, lost | none],
        "simulation": None,
    }


def simulation_part():
    """A made-up key `simulation`: an interval that fails in one of two series, alarms, power, and a proportion."""
    share = {"count": 1900, "of": 2000, "low": 0.94, "high": 0.96}

    def procedure(name, figure, stated, *series):
        rows = [{"series": each, "share": share, "holds": each != "walk"} for each in series]
        return {"name": name, "setting": "made up", "figure": figure, "stated": stated, "rows": rows}

    return {
        "seed": 1,
        "unit_deviation": 0.008,
        "round_deviation": 0.05,
        "drift": 0.1,
        "series": [{"name": "normal", "about": "normal noise"}, {"name": "walk", "about": "it walks"}],
        "procedures": [
            procedure("fanin ab", "false-alarms", 0.01, "normal", "walk"),
            procedure("fanin ab", "power", None, "normal", "walk"),
            procedure("median_interval", "coverage", 0.9375, "normal", "walk"),
            procedure("clopper_pearson", "coverage", 0.95, "1 %"),
        ],
    }
