"""What a JSON Schema cannot say: sums that add up, names that exist, summaries that follow from rounds."""

import statistics

from plots import suite_rules
from plots.document import Finding, json_path
from plots.histogram import PERCENTILES, Histogram, bucket_width, highest_value

# Where a round holds the value that a summary's metric is the median of.
ROUND_VALUE = {
    "throughput_per_s": ("load", "throughput", "requests_per_s"),
    "response_p50_ns": ("load", "latency", "response", "percentiles", "p50"),
    "response_p99_ns": ("load", "latency", "response", "percentiles", "p99"),
    "response_p999_ns": ("load", "latency", "response", "percentiles", "p99.9"),
    "connect_p50_ns": ("load", "latency", "connect", "percentiles", "p50"),
    "server_cpu_per_request_ns": ("server", "cpu_per_request_ns"),
    "machine_cpu_per_request_ns": ("machine", "cpu_per_request_ns"),
    "generator_cpu_per_request_ns": ("load", "generator", "cpu_per_request_ns"),
    "server_rss_bytes": ("server", "rss_bytes"),
    "server_pss_bytes": ("server", "pss_bytes"),
    "server_page_table_bytes": ("server", "page_table_bytes"),
    "server_kernel_stack_bytes": ("server", "kernel_stack_bytes"),
    "machine_slab_bytes": ("machine", "slab_bytes"),
    "server_threads": ("server", "threads"),
    "server_processes": ("server", "processes"),
}
_MEMORY_PARTS = ("server_pss_bytes", "server_page_table_bytes", "server_kernel_stack_bytes", "machine_slab_bytes")


def _memory_total(one):
    parts = [value_of(one, metric) for metric in _MEMORY_PARTS]
    return None if None in parts else sum(parts)


def _switches_per_request(one):
    kinds = [_value_at(one, ("server", f"{kind}_switches")) for kind in ("voluntary", "involuntary")]
    replies = _value_at(one, ("load", "throughput", "completed_in_window"))
    if replies is None:  # of a version before this count
        replies = _value_at(one, ("load", "requests", "completed"))
    return None if None in kinds or not replies else sum(kinds) / replies


# Metrics that a round does not hold as such.
COMPUTED = {"memory_total_bytes": _memory_total, "server_switches_per_request": _switches_per_request}
METRICS = (*ROUND_VALUE, *COMPUTED)


def value_of(one, metric):
    """The metric's value in a round; None where the round does not have it."""
    return COMPUTED[metric](one) if metric in COMPUTED else _value_at(one, ROUND_VALUE[metric])


def findings(document, kind):
    """Returns the Findings of a document that fits the schema `kind`."""
    if kind == "fanin-run":
        return suite_findings(document["suite"], ("suite",)) + run_findings(document)
    if kind == "fanin-load":
        return load_findings(document, ())
    if kind == "fanin-load-sweep":
        return _findings_of_loads(document, "points", "ceiling")
    if kind == "fanin-load-interleaving":
        return _findings_of_loads(document, "targets")
    if kind == "fanin-load-search":
        return _findings_of_loads(document, "probes", "ceiling", "confirming")
    if kind == "fanin-calibration":
        names = ("delay_asleep", "delay_spinning", "shortest_sleep")
        return [each for name in names for each in histogram_findings(document[name], (name,))]
    return suite_findings(document, ()) if kind == "fanin-suite" else []


def _findings_of_loads(document, rows, *keys):
    """Findings of the load results in a document of several runs: one per row, and those under `keys`."""
    found = [each for key in keys if document[key] for each in load_findings(document[key], (key,))]
    for index, row in enumerate(document[rows]):
        if row["result"]:
            found += load_findings(row["result"], (rows, index, "result"))
    return found


def suite_findings(suite, path):
    """Findings of a suite: names are unique, experiments name servers that exist, an A/A control has an original."""
    found = []
    names = [server["name"] for server in suite["servers"]]
    found += _repeated(names, (*path, "servers"), "server")
    found += _repeated([each["name"] for each in suite["experiments"]], (*path, "experiments"), "experiment")
    for index, experiment in enumerate(suite["experiments"]):
        here = (*path, "experiments", index)
        for at, name in enumerate(experiment["servers"]):
            if name != "*" and name not in names:
                found.append(_finding((*here, "servers", at), f'there is no server "{name}" in $.servers'))
        control = experiment.get("aa")
        if control and control["server"] not in experiment_servers(suite, experiment):
            found.append(_finding((*here, "aa", "server"), f"\"{control['server']}\" is not in this experiment"))
        if control and control["value"] not in experiment["sweep"]["values"]:
            found.append(_finding((*here, "aa", "value"), f"{control['value']} is not one of the sweep's values"))
    return found + list(suite_rules.findings(suite, path))


def experiment_servers(suite, experiment):
    """Names of the servers of an experiment in the suite's order; "*" stands for all."""
    names = [server["name"] for server in suite["servers"]]
    return names if "*" in experiment["servers"] else [name for name in names if name in experiment["servers"]]


def load_findings(load, path):
    """Findings of a load result: every request is accounted for and every histogram agrees with its buckets."""
    found = []
    requests = load["requests"]
    if requests["sent"] != requests["completed"] + requests["failed"] + requests["unanswered"]:
        found.append(_finding((*path, "requests"), "sent is not completed + failed + unanswered"))
    for name, histogram in load["latency"].items():
        found += histogram_findings(histogram, (*path, "latency", name))
    if load["schedule"]:
        for name in sorted({"lateness", "queueing", "gaps"} & load["schedule"].keys()):
            found += histogram_findings(load["schedule"][name], (*path, "schedule", name))
    for name, histogram in (load.get("timestamps") or {}).items():
        if isinstance(histogram, dict):
            found += histogram_findings(histogram, (*path, "timestamps", name))
    return found


def histogram_findings(document, path):
    """Findings of one histogram: ascending buckets on the grid, count and percentiles that follow from them."""
    buckets = document["buckets"]
    for index, (lowest, _) in enumerate(buckets):
        if lowest % bucket_width(lowest):
            return [_finding((*path, "buckets", index), f"no bucket begins at {lowest} with two significant digits")]
        if index and lowest <= buckets[index - 1][0]:
            return [_finding((*path, "buckets", index), "buckets should ascend")]
    histogram = Histogram(buckets, document["unanswered"])
    if histogram.count != document["count"]:
        return [_finding((*path, "count"), f"{document['count']} but the buckets hold {histogram.count}")]
    found = []
    if buckets and not buckets[0][0] <= (document["min"] or 0) <= highest_value(buckets[0][0]):
        found.append(_finding((*path, "min"), f"{document['min']} is not in the first bucket"))
    if buckets and not buckets[-1][0] <= (document["max"] or 0) <= highest_value(buckets[-1][0]):
        found.append(_finding((*path, "max"), f"{document['max']} is not in the last bucket"))
    for name, parts in PERCENTILES.items():
        said = document["percentiles"][name]
        computed = histogram.percentile(parts)
        if said != computed:
            found.append(_finding((*path, "percentiles", name), f"{said} but the buckets give {computed}"))
    return found


def round_findings(one, path):
    """Findings of one round."""
    return load_findings(one["load"], (*path, "load")) if one["load"] else []


def repeated_rounds(rounds):
    """Yields (index, message) of each round whose cell was measured in its block before."""
    seen = set()
    for index, one in enumerate(rounds):
        if (one["cell"], one["block"]) in seen:
            yield index, f"the round of {one['cell']} in block {one['block']} occurs twice"
        seen.add((one["cell"], one["block"]))


def run_findings(run):
    """Findings of a run beyond its suite."""
    found = _repeated([cell["id"] for cell in run["cells"]], ("cells",), "cell")
    found += _cell_findings(run)
    found += [_finding(("rounds", index), message) for index, message in repeated_rounds(run["rounds"])]
    cells = {cell["id"]: cell for cell in run["cells"]}
    by_cell = {}
    for index, one in enumerate(run["rounds"]):
        if one["block"] >= run["suite"]["repetitions"]:
            repetitions = run["suite"]["repetitions"]
            found.append(_finding(("rounds", index, "block"), f"{one['block']} but there are {repetitions} repetitions"))
        if one["cell"] not in cells:
            found.append(_finding(("rounds", index, "cell"), f"there is no cell \"{one['cell']}\" in $.cells"))
        by_cell.setdefault(one["cell"], []).append(one)
        found += round_findings(one, ("rounds", index))
    for index, cell in enumerate(run["cells"]):
        good = [one for one in by_cell.get(cell["id"], ()) if one["status"] == "ok"]
        if cell["status"] == "measured" and not good:
            found.append(_finding(("cells", index, "status"), "measured, but no round of this cell is ok"))
    seen = set()
    for index, summary in enumerate(run["summaries"]):
        path = ("summaries", index)
        if summary["cell"] not in cells:
            found.append(_finding((*path, "cell"), f"there is no cell \"{summary['cell']}\" in $.cells"))
            continue
        if (summary["cell"], summary["metric"]) in seen:
            found.append(_finding(path, f"{summary['metric']} of {summary['cell']} is summarised twice"))
        seen.add((summary["cell"], summary["metric"]))
        found += _summary_findings(summary, by_cell.get(summary["cell"], ()), path)
    for index, slope in enumerate(run.get("slopes", ())):
        found += _slope_findings(slope, run["cells"], by_cell, ("slopes", index))
    return found


def _cell_findings(run):
    found = []
    experiments = {each["name"]: each for each in run["suite"]["experiments"]}
    servers = {server["name"] for server in run["servers"]}
    for index, cell in enumerate(run["cells"]):
        path = ("cells", index)
        experiment = experiments.get(cell["experiment"])
        if experiment is None:
            found.append(_finding((*path, "experiment"), f"\"{cell['experiment']}\" is not in the suite"))
        elif (
            cell["parameter"] != experiment["sweep"]["parameter"] or cell["value"] not in experiment["sweep"]["values"]
        ):
            found.append(_finding(path, f"{cell['parameter']} {cell['value']} is not in the experiment's sweep"))
        if cell["server"] not in servers:
            found.append(_finding((*path, "server"), f"there is no server \"{cell['server']}\" in $.servers"))
        if not cell["id"].startswith(f"{cell['experiment']}/{cell['server']}/"):
            found.append(_finding((*path, "id"), "does not begin with the cell's experiment and server"))
        if cell["id"].endswith("/aa") != (cell["role"] == "aa"):
            found.append(_finding((*path, "role"), "does not agree with the id"))
        if run["complete"] and cell["status"] == "pending":
            found.append(_finding((*path, "status"), "pending in a run that says it is complete"))
    return found


def _summary_findings(summary, rounds, path):
    if summary["median"] is None:
        return []
    if not summary["low"] <= summary["median"] <= summary["high"]:
        return [_finding(path, "low <= median <= high does not hold")]
    good = [one for one in rounds if one["status"] == "ok"]
    values = [value_of(one, summary["metric"]) for one in good]
    # Where a round lacks the value the harness says how it ranked it; only whole sets can be recomputed here.
    if not values or None in values:
        return []
    if summary["n"] != len(values):
        return [_finding((*path, "n"), f"{summary['n']} but {len(values)} rounds are ok")]
    median = statistics.median(values)
    if not _are_same(summary["median"], median):
        return [_finding((*path, "median"), f"{summary['median']} but the rounds give {median}")]
    return []


def _are_same(said, computed):
    # What the rounds give may be without end or no number, where they hold numbers that are too large to be added.
    return abs(computed - said) <= 1e-6 * max(1.0, abs(said))


def _slope_findings(slope, cells, by_cell, path):
    if slope["median"] is None:
        return []
    if not slope["low"] <= slope["median"] <= slope["high"]:
        return [_finding(path, "low <= median <= high does not hold")]
    values = {
        cell["id"]: cell["value"]
        for cell in cells
        if (cell["experiment"], cell["server"]) == (slope["experiment"], slope["server"])
        and cell["role"] == "measure"
        and cell["status"] == "measured"
    }
    if list(values.values()) != slope["values"]:
        return [_finding((*path, "values"), f"{slope['values']} but measured were {list(values.values())}")]
    computed = statistics.median(_block_slopes(values, by_cell, slope["metric"]) or [0])
    if not _are_same(slope["median"], computed):
        return [_finding((*path, "median"), f"{slope['median']} but the rounds give {computed}")]
    return []


def _block_slopes(values, by_cell, metric):
    """The least-squares slope of each block that has all the cells. `values`: cell id -> sweep value."""
    blocks = {}
    for cell, value in values.items():
        for one in by_cell.get(cell, ()):
            height = value_of(one, metric) if one["status"] == "ok" else None
            if height is not None:
                blocks.setdefault(one["block"], []).append((value, height))
    return [
        statistics.linear_regression(*zip(*points)).slope for points in blocks.values() if len(points) == len(values)
    ]


def _value_at(value, steps):
    # Keys that came later are absent in older runs.
    for step in steps:
        value = value.get(step) if value is not None else None
    return value


def _repeated(names, path, what):
    seen = set()
    found = []
    for index, name in enumerate(names):
        if name in seen:
            found.append(_finding((*path, index), f'{what} "{name}" occurs twice'))
        seen.add(name)
    return found


def _finding(path, message):
    return Finding(json_path(path), message)
