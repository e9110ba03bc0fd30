"""Captions of charts: workload, machine, rounds, run."""

import re

from plots.document import option_table
from plots.ticks import count, duration, exact

# What charts call the keys that a suite can sweep.
PARAMETER_WORDS = {
    each["key"]: each.get("axis", each["key"].replace("_", " "))
    for each in option_table()["options"]
    if "is_key" in each and each["type"] in ("count", "number")
}


def at(value, parameter):
    """Formats a sweep value: 1 connection; 1,000 connections."""
    words = PARAMETER_WORDS[parameter]
    single = value == 1 and words.endswith("connections")
    return f"{exact(value)} {words[:-1] if single else words}"


def workload(run, experiment):
    """One line: protocol, loop and what is fixed, without the parameter of the sweep."""
    load = run.example_load(experiment)
    if load is None:
        return f"{experiment.workload['protocol']}, no round was measured"
    asked = load["workload"]
    if experiment.interleaved and load["window"].get("active_ns"):
        # The window holds the slices of all servers: each server's part, as the suite has it.
        asked = asked | {"duration_ns": float(f"{load['window']['active_ns']:.2g}")}
    return describe_workload(asked, experiment.parameter)


def describe_workload(asked, varied):
    """One line for the workload of a load result, without the key `varied`."""
    parts = [f"{asked['protocol']}, {asked['loop']} loop"]
    if asked["rate_per_s"]:
        parts += _schedule(asked, varied)
    if varied != "connections":
        parts.append(f"{exact(asked['connections'])} active connection{'s' if asked['connections'] != 1 else ''}")
    if asked["idle_connections"] and varied != "idle_connections":
        parts.append(f"{exact(asked['idle_connections'])} idle connections")
    if "mix" in asked:
        kind = "connections" if asked.get("mix_by_connection") else "requests"
        parts.append(f"a mix of {len(asked['mix'])} classes of {kind}")
    elif varied != "payload_bytes":
        parts.append(f"{exact(asked['payload_bytes'])}-byte payload")
    if "aborts_per_s" in asked and varied != "aborts":
        parts.append(f"{count(asked['aborts_per_s'])} aborted connections/s")
    if asked["pipeline"] != 1 and varied != "pipeline":
        parts.append(f"{asked['pipeline']} in flight per connection")
    if asked["think_time_ns"]:
        parts.append(f"{duration(asked['think_time_ns'])} think time")
    if asked["requests_per_connection"] and varied != "requests_per_connection":
        parts.append(f"{asked['requests_per_connection']} requests per connection")
    if asked["duration_ns"]:
        parts.append(f"{duration(asked['duration_ns'])} windows")
    return ", ".join(parts)


def _schedule(asked, varied):
    """The arrivals of an open loop, without the key `varied`."""
    arrivals = {"bursts": "bursts", "trace": "arrivals from a trace"}.get(asked["arrival"], f"{asked['arrival']} arrivals")
    if "burst_size" in asked and varied != "burst_size":
        arrivals += f" of {exact(asked['burst_size'])}"
    if "ramp" in asked:
        ends = (count(asked["ramp"][end]) for end in ("from_per_s", "to_per_s"))
        return [f"{arrivals} at {' to '.join(ends)} requests/s"]
    if varied == "rate":
        return [arrivals] if asked["arrival"] in ("bursts", "trace") else []
    return [f"{arrivals} at {count(asked['rate_per_s'])} requests/s"]


def machine(run):
    """CPU, number of CPUs, hypervisor, kernel."""
    return describe_machine(run.document["environment"]["start"])


def describe_machine(environment):
    """As machine(), of an environment."""
    cpu = environment["cpu"]
    cpus = cpu["online"]
    hypervisor = re.sub(r"^(.+?)\1+$", r"\1", environment.get("hypervisor") or "")  # cpuid says KVMKVMKVM
    parts = [
        cpu["model"] or "unknown CPU",
        f"{cpus} CPU{'s' if cpus != 1 else ''}" + (f" (virtual: {hypervisor})" if hypervisor else ""),
        f"Linux {environment['kernel']['release']}",
    ]
    return " \u00b7 ".join(parts)


def placement(run):
    """The CPUs of server and generator."""
    where = run.document["placement"]
    server, client = (_cpus(where[key]) for key in ("server_cpus", "client_cpus"))
    if where["mode"] == "shared":
        return f"server and generator share {server}"
    return f"server on {server}, generator on {client}"


def _cpus(numbers):
    if not numbers:
        return "all CPUs"
    return ("CPU " if len(numbers) == 1 else "CPUs ") + ", ".join(str(number) for number in numbers)


LINES = "lines: median of rounds; {intervals}; offset sideways for legibility"
ROWS = "marks: median of rounds; {intervals}"


def coverages(run):
    """The lowest and the highest coverage of the run's confidence intervals; None if it has none."""
    found = [each["coverage"] for each in run.document["summaries"] if each["coverage"]]
    return (min(found), max(found)) if found else None


def confidence(run):
    """"93.75 % confidence", or "75 to 93.75 %" if some rounds failed; None if the run has no intervals."""
    ends = coverages(run)
    return ends and " to ".join(dict.fromkeys(f"{100 * end:.4g}" for end in ends)) + " % confidence"


def sample(run, experiment):
    """What the figures of an experiment rest on."""
    rounds = run.document["suite"]["repetitions"]
    if experiment.interleaved:
        return f"{rounds} set{'s' if rounds != 1 else ''} of fresh servers, each interleaved in slices of one run"
    return f"{rounds} round{'s' if rounds != 1 else ''} per cell in randomised blocks"


def footer(run, experiment, reading=LINES, intervals="ribbons"):
    """The last line of every chart. `reading`: what its marks show, None if it has no intervals; `intervals`: how they
    are drawn."""
    document = run.document
    parts = [machine(run), placement(run), sample(run, experiment)]
    if reading:
        known = confidence(run)
        parts.append(reading.format(intervals=f"{intervals}: {known} interval" if known else "no interval from a single round"))
    disturbed, verdicts = run.count_disturbed(experiment)
    parts += [f"{disturbed} of {verdicts} rounds disturbed by other programs"] if disturbed else []
    commit = document["environment"]["start"]["build"]["git_commit"]
    parts += [document["started_at"][:10], f"run {document['run_id']}"] + ([f"commit {commit[:10]}"] if commit else [])
    return " \u00b7 ".join(parts)


def alarm(run):
    """A warning for the heading of a run that was interrupted, or disturbed in at least half of its rounds; else None."""
    disturbed, verdicts = run.count_disturbed()
    return "INCOMPLETE RUN" if not run.document["complete"] else "BUSY MACHINE" if 2 * disturbed >= max(1, verdicts) else None
