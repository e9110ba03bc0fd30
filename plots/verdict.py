"""The comparisons of `fanin ab` and `fanin compare` as a dot plot.

A row for each metric of each cell: the change with its interval against the band, and the control in grey below it.
"""

import math
import sys

import matplotlib

from plots import dot_plot, page, style, ticks
from plots.document import metric_table
from plots.json_file import InputError, read_json
from plots.text import cleaned
from plots.validate import findings

MAX_ROWS = 80  # a taller picture is not looked at
MAX_NOTES = 12
_NAME_WIDTH = 3.3  # of cells, in inches
_ROOM, _COLUMNS = 2.3, {"change": 1.68, "could find": 0.86, "verdict": 0.02}  # inches: all columns; their distances from the right
_BAND = "#e9e9e9"
_CONTROL = {"color": "#8f8f8f", "marker": "|", "markersize": 6, "markeredgewidth": 1.4}
_ALARMS = {1: "REGRESSION", 3: "NOT COMPARABLE", 4: "UNDECIDED", 130: "INTERRUPTED"}  # by exit code


def draw(document):
    """Returns the Figure of a fanin-verdict document that has at least one comparison."""
    document = cleaned(document)
    chosen = _choose(document["metrics"])
    rows = _arrange(chosen)
    looks = ((row, "bold") if isinstance(row, str) else (row["cell"], "normal") for row in rows)
    names = [page.cut(text, _NAME_WIDTH, style.TEXT_POINTS, weight) for text, weight in looks]
    widths = [page.measure(name, style.TEXT_POINTS, "bold") for name in names]
    with matplotlib.rc_context(style.RC):
        sheet = page.new_page(
            (f"{document['new']} compared with {document['base']}", document["result"], _find_alarm(document)),
            1,
            1,
            [[]],
            _legend(chosen) + _notes(document, len(document["metrics"]) - len(chosen)),
            _footer(document),
            left=0.35 + max(widths),
            legend_width=0.0,
            panel_height=dot_plot.rows_height(len(rows)),
        )
        (axes,) = sheet.panels
        dot_plot.set_axes(axes, names, [end for each in chosen for end in _list_ends(each)], _ROOM)
        for index, row in enumerate(rows):
            if isinstance(row, str):
                axes.get_yticklabels()[index].set_weight("bold")
            else:
                _draw_row(axes, index, row)
        for heading, inches in _COLUMNS.items():
            dot_plot.write_column(axes, -0.85, inches, heading, color=style.FAINT)
        dot_plot.write_label(axes, "change in % (logarithmic beyond \u00b12 %)")
    return sheet.figure


def _find_alarm(document):
    if document["exit_code"] == 5:
        return "FAILED" if document["faults"] else "INVALID"
    return _ALARMS.get(document["exit_code"])


def find_outcome(metric):
    """The verdict, or "void" if the control failed."""
    return "void" if metric["control_failed"] else metric["verdict"]


def _choose(metrics):
    """The comparisons to draw: if there are too many, those that matter most."""
    if len(metrics) <= MAX_ROWS:
        return metrics
    order = ["worse", "void", "undecided", "better", "equivalent"]

    def rank(index):
        ratio = metrics[index]["ratio"]
        return order.index(find_outcome(metrics[index])), -abs(math.log(ratio["ratio"])) if ratio else 0

    return [metrics[index] for index in sorted(sorted(range(len(metrics)), key=rank)[:MAX_ROWS])]


def _arrange(metrics):
    """The comparisons by metric, each group below a text, its heading."""
    rows = []
    for name in dict.fromkeys(each["metric"] for each in metrics):
        row, _, of_class = name.partition("@")
        label = metric_table()[row]["label"] + (f", class {of_class}" if of_class else "") if row in metric_table() else name
        rows += [label, *(each for each in metrics if each["metric"] == name)]
    return rows


def _list_ends(metric):
    """The ratios that the axis has to show."""
    found = [each[key] for each in (metric["ratio"], metric["control"]) if each for key in ("ratio", "low", "high")]
    return [1 + metric["band"], 1 / (1 + metric["band"]), *(each for each in found if each is not None)]


def _draw_row(axes, index, metric):
    low, high = dot_plot.place(1 / (1 + metric["band"])), dot_plot.place(1 + metric["band"])
    axes.fill_betweenx([index - 0.5, index + 0.5], low, high, color=_BAND, linewidth=0, zorder=0.6)
    outcome = find_outcome(metric)
    look = style.VERDICTS[outcome]
    control, ratio = metric["control"], metric["ratio"]
    if control:
        if control["low"] is not None:
            line = {"color": _CONTROL["color"], "linewidth": 1.6, "alpha": 1}
            dot_plot.draw_interval(axes, index + 0.3, control["low"], control["high"], **line)
        axes.plot([dot_plot.place(control["ratio"])], [index + 0.3], zorder=2.5, **_CONTROL)
    if ratio:
        if ratio["low"] is not None:
            dot_plot.draw_interval(axes, index - 0.06, ratio["low"], ratio["high"], color=look["color"])
        axes.plot([dot_plot.place(ratio["ratio"])], [index - 0.06], zorder=3, label=outcome, linestyle="none", **look)
    change = dot_plot.format_change(ratio["ratio"], 2) if ratio else "no ratio"
    smallest = metric["smallest_effect"]
    found = "\u2013" if smallest is None else f"{100 * smallest:.1f} %"
    dot_plot.write_column(axes, index, _COLUMNS["change"], change)
    dot_plot.write_column(axes, index, _COLUMNS["could find"], found, color=style.FAINT)
    weight = "bold" if outcome == "worse" else "normal"
    dot_plot.write_column(axes, index, _COLUMNS["verdict"], outcome, color=look["color"], weight=weight)


def _legend(metrics):
    outcomes = [find_outcome(each) for each in metrics]
    known = {
        "worse": "worse: the interval is wholly beyond the band",
        "better": "better: the interval is wholly beyond the band",
        "equivalent": "equivalent: the interval is wholly within the band",
        "undecided": "undecided: the interval includes an end of the band, or there is none",
        "void": "void: the control is outside the band",
    }
    entries = [page.Entry(text, style.VERDICTS[name]) for name, text in known.items() if name in outcomes]
    if any(each["control"] for each in metrics):
        entries.append(page.Entry("control: a second, fresh copy of base compared with base", _CONTROL | {"marker": "_", "markersize": 10}))
    return entries + [page.Entry("band: changes within it do not matter", {"color": _BAND, "marker": "s", "markersize": 8})]


def _notes(document, left_out):
    """Cells without a result, restrictions, differences of the environments: one line each, at most MAX_NOTES."""
    lines = [f"{left_out} more comparisons are not drawn"] if left_out else []
    lines += [f"not comparable: {each}" for each in document["obstacles"]]
    lines += [f"{each['cell']}: {each['status']}: {each['reason']}" for each in document["faults"]]
    reasons = {}
    for each in document["metrics"]:
        if each["reason"]:
            reasons.setdefault(each["reason"], []).append(f"{each['cell']}, {each['metric']}")
    for reason, places in reasons.items():
        lines.append(f"{places[0]}{f' and {len(places) - 1} more' if len(places) > 1 else ''}: {reason}")
    lines += document["notes"] + [f"the environments differ: {each}" for each in document["differences"]]
    more = [f"{len(lines) - MAX_NOTES} more lines are in the file"] if len(lines) > MAX_NOTES else []
    return [page.Entry(line) for line in lines[:MAX_NOTES] + more]


def _footer(document):
    procedure = document["procedure"]
    units = sorted({each["units"] for each in document["metrics"]})
    parts = [f"fanin {document['kind']}", procedure["method"], f"{' to '.join(map(ticks.exact, dict.fromkeys((units[0], units[-1]))))} units"]
    parts.append("could find: the smallest change that it finds in 9 of 10 sessions")
    parts.append(f"false alarms: {procedure['false_alarms']}")
    environment = document.get("environment")
    if environment:
        parts += [environment["cpu"]["model"] or "unknown CPU", f"Linux {environment['kernel']['release']}", environment["collected_at"][:10]]
    return " \u00b7 ".join(parts)


def load(path):
    """Returns the verdicts in the file. Raises InputError for other files."""
    document = read_json(path)
    if not isinstance(document, dict) or document.get("schema") != "fanin-verdict":
        raise InputError(f"{path} holds no verdicts: give the file of fanin ab --json or fanin compare --json")
    for finding in findings(document, str(path)):
        raise InputError(f"{path}: {finding}")
    return document


def draw_files(path, out):
    """Draws the file at `path`, next to it or in `out`, and returns the paths written: none if no cell was compared, as stderr says.

    Raises InputError and OSError."""
    document = load(path)
    if not document["metrics"]:
        print(f"plots: no chart: {path} holds no comparison: {document['result']}", file=sys.stderr)
        return []
    return page.save_next_to(draw(document), path, out, "verdict")
