"""The words around a chart: what the workload was, on which machine, how many rounds, from which run."""

from plots.ticks import count, duration, exact

PARAMETER_WORDS = {
    "connections": "connections",
    "idle_connections": "idle connections",
    "threads": "generator threads",
    "connect_concurrency": "connects in progress at once",
    "payload_bytes": "payload in bytes",
    "reply_bytes": "reply in bytes",
    "reply_limit_bytes": "longest reply in bytes",
    "setup_reply_bytes": "reply to the set-up in bytes",
    "work_share": "share of requests that cost CPU time",
    "rate": "offered requests per second",
    "burst_size": "requests in each burst",
    "pipeline": "requests in flight per connection",
    "requests_per_connection": "requests per connection",
    "requests": "requests",
    "send_bytes_per_s": "bytes sent per second and connection",
    "read_bytes_per_s": "bytes read per second and connection",
    "receive_buffer_bytes": "receive buffer in bytes",
}


def at(value, parameter):
    """1 connection; 1,000 connections."""
    words = PARAMETER_WORDS[parameter]
    single = value == 1 and words.endswith("connections")
    return f"{exact(value)} {words[:-1] if single else words}"


def workload(run, experiment):
    """One line: protocol, loop, what is fixed. What the sweep varies is left out."""
    load = run.example_load(experiment)
    if load is None:
        return f"{experiment.workload['protocol']}, no round was measured"
    return words_of(load["workload"], experiment.parameter)


def words_of(asked, varied):
    """One line of a load result's workload without the key `varied`."""
    parts = [f"{asked['protocol']}, {asked['loop']} loop"]
    if asked["rate_per_s"]:
        parts += _schedule(asked, varied)
    if varied != "connections":
        parts.append(f"{exact(asked['connections'])} active connection{'s' if asked['connections'] != 1 else ''}")
    if asked["idle_connections"] and varied != "idle_connections":
        parts.append(f"{exact(asked['idle_connections'])} idle connections")
    if "mix" in asked:
        parts.append(f"a mix of {len(asked['mix'])} classes of requests")
    elif varied != "payload_bytes":
        parts.append(f"{exact(asked['payload_bytes'])} bytes payload")
    if asked["pipeline"] != 1 and varied != "pipeline":
        parts.append(f"{asked['pipeline']} in flight per connection")
    if asked["think_time_ns"]:
        parts.append(f"{duration(asked['think_time_ns'])} think time")
    if asked["requests_per_connection"] and varied != "requests_per_connection":
        parts.append(f"{asked['requests_per_connection']} requests per connection")
    if asked["duration_ns"]:
        parts.append(f"windows of {duration(asked['duration_ns'])}")
    return ", ".join(parts)


def _schedule(asked, varied):
    """How an open loop's requests come, without what is varied."""
    arrivals = {"bursts": "bursts", "trace": "arrivals as recorded"}.get(asked["arrival"], f"{asked['arrival']} arrivals")
    if "burst_size" in asked and varied != "burst_size":
        arrivals += f" of {exact(asked['burst_size'])}"
    if "ramp" in asked:
        ends = (count(asked["ramp"][end]) for end in ("from_per_s", "to_per_s"))
        return [f"{arrivals} at {' to '.join(ends)} requests/s"]
    if varied == "rate":
        return [arrivals] if asked["arrival"] in ("bursts", "trace") else []
    return [f"{arrivals} at {count(asked['rate_per_s'])} requests/s"]


def machine(run):
    """The facts of the machine."""
    environment = run.document["environment"]["start"]
    cpu = environment["cpu"]
    cpus = cpu["online"]
    hypervisor = environment.get("hypervisor")
    parts = [
        cpu["model"] or "unknown CPU",
        f"{cpus} CPU{'s' if cpus != 1 else ''}" + (f" (virtual: {hypervisor})" if hypervisor else ""),
        f"Linux {environment['kernel']['release']}",
    ]
    return " \u00b7 ".join(parts)


def placement(run):
    """Where server and generator ran."""
    where = run.document["placement"]
    server, client = (_cpus(where[key]) for key in ("server_cpus", "client_cpus"))
    if where["mode"] == "shared":
        return f"server and generator share {server}"
    return f"server on {server}, generator on {client}"


def _cpus(numbers):
    if not numbers:
        return "all CPUs"
    return ("CPU " if len(numbers) == 1 else "CPUs ") + ", ".join(str(number) for number in numbers)


LINES = "lines: median of rounds, ribbons: its interval ({}), set apart sideways to show all"
ROWS = "marks: median of rounds, bars: its interval ({})"


def coverage(run):
    """The probability with which intervals of the run hold their median, at least; 0 where it has none."""
    found = (each["coverage"] for each in run.document["summaries"])
    return min((each for each in found if each is not None), default=0)


def footer(run, reading=LINES):
    """The line at the foot of every chart. `reading`: how its intervals are to be read, None where it has none."""
    document = run.document
    rounds = document["suite"]["repetitions"]
    parts = [machine(run), placement(run), f"{rounds} round{'s' if rounds != 1 else ''} per cell in randomised blocks"]
    least = coverage(run)
    if reading and least:
        parts.append(reading.format(f"{100 * least:.4g} % coverage"))
    commit = document["environment"]["start"]["build"]["git_commit"]
    parts += [document["started_at"][:10], f"run {document['run_id']}"] + ([f"commit {commit[:10]}"] if commit else [])
    return " \u00b7 ".join(parts)


def alarm(run):
    """What must catch the eye: an interrupted run. None otherwise."""
    return None if run.document["complete"] else "INCOMPLETE RUN"
