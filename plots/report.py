"""One self-contained HTML page of a run: results, caveats, charts, all figures.

Like the charts it only reads the run. Everything is inlined, so that the file can be sent.
"""

from plots import captions, charts, dot_plot, series, ticks, web_page
from plots.charts import connection_memory
from plots.document import metric_table

NAME = "report.html"
# The columns of the tables.
METRICS = (
    "throughput_per_s",
    "server_cpu_per_request_ns",
    "response_p50_ns",
    "response_p99_ns",
    "response_p999_ns",
    "server_pss_bytes",
)
SLOPES = (connection_memory.TOTAL, *connection_memory.PARTS)
RATIOS = ("throughput_per_s", "server_cpu_per_request_ns", "response_p99_ns")

# For one cell, for several.
_STATUS_WORDS = {
    "invalid": ("is invalid", "are invalid"),
    "failed": ("failed in every round", "failed in every round"),
    "unsupported": ("is not supported here", "are not supported here"),
}


def write(run, pictures, path):
    """Writes the report of `run` with `pictures` (web_page.Pictures) to `path`. Raises OSError if it cannot."""
    web_page.write("report.html.j2", contents(run, pictures), path)


def contents(run, pictures):
    """The values for the template."""
    document = run.document
    return {
        "run": document,
        "rounds": f"{document['suite']['repetitions']} round{'s' if document['suite']['repetitions'] != 1 else ''}",
        "machine": f"{captions.machine(run)} \u00b7 {captions.placement(run)}",
        "overview": _overview(run),
        "caveats": _list_caveats(run),
        "controls": controls(run),
        "experiments": [_experiment(run, experiment, pictures) for experiment in run.experiments],
        "micro": [each for each in pictures if each.of is None],
        "conformance": document["conformance"],
        "unmeasured": [cell for cell in document["cells"] if cell["status"] != "measured"],
        "lost": _lost_rounds(document),
        "environment": web_page.list_environment(document["environment"]),
    }


def _experiment(run, experiment, pictures):
    marks = series.notes(run, experiment, ())
    return {
        "name": experiment.name,
        "title": experiment.title,
        "workload": captions.workload(run, experiment),
        "parameter": captions.PARAMETER_WORDS[experiment.parameter],
        "pictures": [each for each in pictures if each.of == experiment.name],
        "omitted": charts.omitted(run, experiment),
        "notes": [note.text() for note in marks],
        "slope_headings": [metric_table()[metric]["label"] for metric in SLOPES],
        "slopes": _slopes(run, experiment),
        "baseline": experiment.baseline,
        "ratio_headings": [metric_table()[metric]["heading"] for metric in RATIOS],
        "ratios": list(_ratios(run, experiment)),
        "headings": [metric_table()[metric]["heading"] for metric in METRICS],
        "rows": [
            {
                "server": server,
                "value": ticks.exact(value),
                "cells": [figure(run, experiment, server, value, metric) for metric in METRICS],
            }
            for server in experiment.servers
            for value in experiment.values
        ],
    }


def _ratios(run, experiment):
    """Rows (server, value, ratios in the order of RATIOS) of the cells that are compared with the baseline."""
    for cell in run.document["cells"] if experiment.baseline else ():
        found = [run.ratio(cell, metric) for metric in RATIOS]
        if cell["experiment"] == experiment.name and any(found):
            server = cell["server"] + " (A/A control)" * (cell["role"] == "aa")
            yield {"server": server, "value": ticks.exact(cell["value"]), "cells": list(map(_format_ratio, found))}


def _format_ratio(ratio):
    """{"text", "detail" or None, "known"}: the difference, its interval and the number of blocks, or a reason."""
    if ratio is None or ratio["ratio"] is None:
        return {"text": "none", "detail": ratio and ratio["reason"], "known": False}
    form = dot_plot.format_change
    interval = ratio["reason"] if ratio["low"] is None else f"{form(ratio['low'])} to {form(ratio['high'])}"
    return {"text": form(ratio["ratio"]), "detail": f"{interval}, n = {ratio['n']}", "known": True}


def _slopes(run, experiment):
    """Rows (server, figures in the order of SLOPES, reason or None); empty for other sweeps."""
    found = [(server, run.slopes(experiment, server)) for server in experiment.servers]
    return [
        {
            "server": server,
            "cells": [_slope_figure(slopes.get(metric)) for metric in SLOPES],
            "reason": slopes[connection_memory.TOTAL].get("reason"),
        }
        for server, slopes in found
        if connection_memory.TOTAL in slopes
    ]


def _slope_figure(slope):
    return _plain("none") if slope is None or slope["median"] is None else _shown(slope)


def _shown(summary, limited=False):
    """The median of a summary or slope with its interval; a single round has none."""
    form = ticks.FORMS[summary["unit"]]
    interval = f"{form(summary['low'])} to {form(summary['high'])}" if summary["n"] > 1 else None
    return {"text": form(summary["median"]), "interval": interval, "limited": limited, "known": True}


def figure(run, experiment, server, value, metric):
    """A summary as text: {"text", "interval" or None, "limited", "known"}; without a value the text says why.

    `limited`: the generator was the bottleneck of a throughput.
    """
    cell = run.cell(experiment, server, value)
    if cell is None:
        return _plain("not selected")
    if cell["status"] != "measured":
        return _plain(cell["status"])
    summary = run.summary(cell, metric)
    if summary is None or summary["median"] is None:
        return _plain("none")
    return _shown(summary, metric == "throughput_per_s" and series.GENERATOR_LIMITED in series.marks(run, cell))


def _plain(text):
    return {"text": text, "interval": None, "limited": False, "known": False}


def _overview(run):
    """Throughput and server CPU per request of every server at both ends of every sweep."""
    ends = [
        (experiment, value)
        for experiment in run.experiments
        for value in dict.fromkeys((experiment.values[0], experiment.values[-1]))
    ]
    rows = []
    for server, _ in run.servers:
        pairs = [
            (
                figure(run, experiment, server, value, "throughput_per_s"),
                figure(run, experiment, server, value, "server_cpu_per_request_ns"),
            )
            if server in experiment.servers
            else None
            for experiment, value in ends
        ]
        rows.append({"server": server, "pairs": pairs})
    columns = [
        {"experiment": experiment.title, "at": captions.at(value, experiment.parameter)} for experiment, value in ends
    ]
    return {"columns": columns, "rows": rows}


def _list_caveats(run):
    """Sentences about limits of this run; empty if there are none."""
    document = run.document
    found = _cell_caveats(run, document["cells"])
    if not document["complete"]:
        found.insert(0, "The run was interrupted: cells are missing. fanin run --resume continues it.")
    found += _selection_caveats(run)
    if document["placement"]["mode"] == "shared":
        found.append("Server and generator shared CPUs and slowed each other down.")
    disturbed, verdicts = run.count_disturbed()
    if disturbed:
        found.append(f"In {disturbed} of {verdicts} rounds other programs or the hypervisor used the CPUs (busy-machine).")
    failed = [
        f"{each['server']} ({each['protocol']})" for each in document["conformance"] if each["status"] == "failed"
    ]
    if failed:
        found.append(f"Not measured, since conformance failed: {', '.join(failed)}.")
    if document["suite"]["repetitions"] == 1:
        found.append("One round per cell: no figure has an interval. Differences may be noise.")
    elif document["suite"]["repetitions"] < 6:
        found.append(
            "With fewer than 6 rounds per cell no interval reaches 95 %; the last line of a chart states the confidence."
        )
    return found


def _selection_caveats(run):
    found = []
    if run.not_selected():
        one = run.not_selected() == 1
        cells = "1 cell of the suite was" if one else f"{run.not_selected()} cells of the suite were"
        found.append(f"{cells} not selected for this run and {'is' if one else 'are'} in no chart.")
    cells = {cell["id"] for cell in run.document["cells"]}
    alone = [each for each in cells if each.endswith("/aa") and each.removesuffix("/aa") not in cells]
    if alone:
        found.append(f"These A/A cells are in no chart, since the run lacks their originals: {', '.join(sorted(alone))}.")
    return found


def _cell_caveats(run, cells):
    found = []
    for status, words in _STATUS_WORDS.items():
        count = sum(cell["status"] == status for cell in cells)
        if count:
            words = words[0] + "; it has no figures and is" if count == 1 else words[1] + "; they have no figures and are"
            found.append(f"{count} of {len(cells)} cells {words} listed below.")
    measured = [cell for cell in cells if cell["status"] == "measured"]
    limited = [cell for cell in measured if series.GENERATOR_LIMITED in series.marks(run, cell)]
    if limited:
        found.append(
            f"In {len(limited)} of {len(measured)} measured cells the load generator was the bottleneck (marked with a "
            "circle): the server can do at least this throughput. CPU time per request is not affected."
        )
    found += _busy_caveats(run.document["rounds"])
    warned = [cell for cell in measured if series.WARNING in series.marks(run, cell)]
    if warned:
        have = "has" if len(warned) == 1 else "have"
        found.append(f"{len(warned)} of {len(measured)} measured cells {have} a warning, which is named below the charts.")
    return found


def _busy_caveats(rounds):
    """That other programs ran during the measurement."""
    busy = [each for each in rounds if series.BUSY_MACHINE in series.reasons(each)]
    if not busy:
        return []
    invalid = sum(each["status"] == "invalid" for each in busy)
    return [
        f"In {len(busy)} of {len(rounds)} rounds the machine was busy: generator or server waited for a CPU that other "
        f"programs used ({invalid} of them are invalid). Stop other programs, and run it again."
    ]


def controls(run):
    """Each A/A control with its original: two measurements of the same server, which differ by noise.

    `apart`: the difference as a share of the first, and `difference`: the same as text. It is that of the medians, or of
    the ratio within a block with its interval if the original is a baseline.
    """
    found = []
    cells = {cell["id"]: cell for cell in run.document["cells"]}
    for cell in run.document["cells"]:
        original = cells.get(cell["id"].removesuffix("/aa"))
        if cell["role"] != "aa" or original is None:
            continue
        for metric in ("throughput_per_s", "response_p99_ns", "server_cpu_per_request_ns"):
            pair = [run.summary(each, metric) for each in (original, cell)]
            if all(each and each["median"] for each in pair):
                figures = map(_shown, pair)
                texts = [each["text"] + (f" ({each['interval']})" if each["interval"] else "") for each in figures]
                apart, difference = _compare_control(run.ratio(cell, metric), pair)
                row = {"cell": original["id"], "metric": metric_table()[metric]["heading"], "first": texts[0], "second": texts[1]}
                found.append(row | {"apart": apart, "difference": difference})
    return found


def _compare_control(ratio, pair):
    """(share, text): how much the second summary of a pair differs from the first. `ratio`: of the run, or None."""
    if ratio is None or ratio["low"] is None:
        share = abs(pair[1]["median"] / pair[0]["median"] - 1)
        return share, f"{100 * share:.0f} %"
    form = dot_plot.format_change
    return abs(ratio["ratio"] - 1), f"{form(ratio['ratio'])} ({form(ratio['low'])} to {form(ratio['high'])})"


def _lost_rounds(document):
    """Rounds without a result in cells that have one."""
    measured = {cell["id"] for cell in document["cells"] if cell["status"] == "measured"}
    return [each for each in document["rounds"] if each["status"] != "ok" and each["cell"] in measured]
