"""Checks beyond a JSON Schema: sums add up, names exist, percentiles follow from buckets.

`fanin validate` checks that summaries follow from rounds, and verdicts from ratios, with the code that computes them.
"""

import collections
import functools
import subprocess

from plots import programs, suite_rules
from plots.document import Finding, check_kind, schema_findings
from plots.json_file import InputError, json_path, read_json
from plots.histogram import PERCENTILES, Histogram, bucket_width, highest_value
from plots.ledger import sums
from plots.text import cleaned


def read_checked(path, kind, expected):
    """Returns the cleaned document in a file, of this kind and without findings. `expected`: words for that kind. Raises InputError."""
    document = read_json(path)
    given = check_kind(document, str(path))
    if given != kind:
        raise InputError(f'{path} is a "{given}", not {expected}')
    found = schema_findings(document, kind, limit=1) or findings(document, kind)
    if found:
        raise InputError(f"{path}: {found[0]}")
    return cleaned(document)


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
    if kind == "fanin-selftest":
        return selftest_findings(document)
    if kind == "fanin-verdict":
        return verdict_findings(document)
    if kind == "fanin-claims":
        return claims_findings(document)
    if kind == "fanin-ledger":
        return sums.findings(document)
    return suite_findings(document, ()) if kind == "fanin-suite" else []


def _findings_of_loads(document, rows, *keys):
    """Findings of the load results in a document of several runs: one per row, and those under `keys`."""
    found = [each for key in keys if document[key] for each in load_findings(document[key], (key,))]
    for index, row in enumerate(document[rows]):
        if row["result"]:
            found += load_findings(row["result"], (rows, index, "result"))
    return found


def verdict_findings(document):
    """Findings of verdicts: ratios are within their intervals. `fanin validate` checks that verdicts follow from them."""
    found = []
    for index, metric in enumerate(document["metrics"]):
        for key in ("ratio", "control"):
            found += _ratio_findings(metric[key], ("metrics", index, key)) if metric[key] else []
    return found


def _ratio_findings(each, path, key="ratio"):
    """Findings of an object with `key`, low, high and coverage, each of which may be null."""
    middle, *interval = (each[name] for name in (key, "low", "high", "coverage"))
    if any(end is None for end in interval):
        return [] if interval == [None] * 3 else [_finding(path, "low, high and coverage are null together")]
    holds = middle is not None and interval[0] <= middle <= interval[1]
    return [] if holds else [_finding(path, f"low <= {key} <= high does not hold")]


def claims_findings(document):
    """Findings of claims: names are unique, the summary counts them, estimates are within their intervals."""
    claims = document["claims"]
    found = _repeated([each["id"] for each in claims], ("claims",), "claim")
    for word, stated in document["summary"].items():
        count = sum(each["verdict"] == word for each in claims)
        if stated != count:
            found.append(_finding(("summary", word), f"{stated}, but {count} claims are {word}"))
    for index, claim in enumerate(claims):
        for at, test in enumerate(claim["tests"]):
            for row, case in enumerate(test["cases"]):
                found += _case_findings(case, ("claims", index, "tests", at, "cases", row))
        for at, flip in enumerate(claim["flips"]):
            ends = [flip[key] for key in ("low", "estimate", "high") if flip[key] is not None]
            if ends != sorted(ends):
                found.append(_finding(("claims", index, "flips", at), "low <= estimate <= high does not hold"))
    return found


def _case_findings(case, path):
    found = []
    for key, middle in (("ratio", "ratio"), ("value", "value"), ("control", "ratio")):
        found += _ratio_findings(case[key], (*path, key), middle) if case[key] else []
    if case["ratio"] and case["base_label"] is None or case["value"] and case["base_label"] is not None:
        found.append(_finding(path, "a ratio needs a base_label, and a value excludes it"))
    return found


def selftest_findings(document):
    """Findings of a selftest: its summary counts its sessions."""
    summary, sessions = document["summary"], document["sessions"]
    compared = [each for each in sessions if each["ratio"] is not None]
    wanted = {
        ("false_alarms",): [each["control_alarm"] for each in sessions if each["control_alarm"] is not None],
        ("coverage_of_control_intervals",): [each["control_covers"] for each in sessions if each["control_covers"] is not None],
        ("coverage_of_effect_intervals",): [each["covers_expected"] for each in sessions if "covers_expected" in each],
    }
    for index, each in enumerate(summary["power"]):
        of = [one for one in compared if (one["scenario"], one["model"]) == (each["scenario"], each["model"])]
        wanted["power", index, "found"] = [one["verdict"] == "worse" for one in of]
        wanted["power", index, "covers_expected"] = [one["covers_expected"] for one in of if "covers_expected" in one]
    found = []
    for path, outcomes in wanted.items():
        share = functools.reduce(lambda value, key: value[key], path, summary)
        stated = (share["count"], share["of"]) if share else (0, 0)
        if stated != (sum(outcomes), len(outcomes)):
            message = f"{stated[0]} of {stated[1]}, but the sessions give {sum(outcomes)} of {len(outcomes)}"
            found.append(_finding(("summary", *path), message))
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
    histogram = Histogram(buckets, document["uncompleted"], document["max"])
    if histogram.count != document["count"]:
        return [_finding((*path, "count"), f"{document['count']} but the buckets hold {histogram.count}")]
    found = []
    if buckets and not buckets[0][0] <= (document["min"] or 0) <= highest_value(buckets[0][0]):
        found.append(_finding((*path, "min"), f"{document['min']} is not in the first bucket"))
    if buckets and not buckets[-1][0] <= (document["max"] or 0) <= highest_value(buckets[-1][0]):
        found.append(_finding((*path, "max"), f"{document['max']} is not in the last bucket"))
    for name, parts in PERCENTILES.items():
        stated = document["percentiles"][name]
        computed = histogram.percentile(parts)
        if stated != computed:
            found.append(_finding((*path, "percentiles", name), f"{stated} but the buckets give {computed}"))
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


def misnumbered_units(units):
    """Yields (index, message) of each unit of fanin claims that is not the next of its case."""
    counts = collections.Counter()
    for index, one in enumerate(units):
        if one["unit"] != counts[one["case"]]:
            yield index, f"the unit of {one['case']} must be {counts[one['case']]}, the next of its case"
        counts[one["case"]] += 1


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
        found += _ends_findings(summary, path)
    for index, slope in enumerate(run.get("slopes", ())):
        found += _ends_findings(slope, ("slopes", index))
    for index, ratio in enumerate(run.get("ratios", ())):
        if ratio["cell"] not in cells:  # the baseline's may not be selected
            found.append(_finding(("ratios", index, "cell"), f'there is no cell "{ratio["cell"]}" in $.cells'))
        found += _ratio_findings(ratio, ("ratios", index))
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


def summary_findings(path):
    """Returns the Findings of `fanin validate` in a run or a verdict; None if no `fanin` is built or installed."""
    program = programs.find_program("fanin")
    if program is None:
        return None
    command = [program, "validate", "--", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode == 0:
        return []
    place, _, message = done.stderr.strip().removeprefix(f"fanin: {path}: ").partition(": ")
    return [Finding(place, message) if place.startswith("/") else Finding("/", f"{place}: {message}" if message else place)]


def _ends_findings(figure, path):
    """Findings of a summary or slope: its interval holds its median."""
    if figure["median"] is None or figure["low"] <= figure["median"] <= figure["high"]:
        return []
    return [_finding(path, "low <= median <= high does not hold")]


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
