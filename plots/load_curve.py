"""Latency versus load, from `fanin-load --sweep rate=...`.

Left: percentiles of the response time against the achieved rate. Right: achieved against offered rate, which differ
when the server or the generator is saturated. Points of invalid runs are crossed out, those with a warning have a ring;
their reasons are below.
"""

import math

import matplotlib
from matplotlib.ticker import FuncFormatter, MaxNLocator

from plots import captions, page, style, ticks
from plots.json_file import InputError, read_json
from plots.text import cleaned
from plots.validate import findings

_AXIS_MARGIN = 1.06
_CEILING = {"color": style.REFERENCE_LINE["color"], "linewidth": 1.3, "linestyle": style.DOTTED}
_DIAGONAL = style.REFERENCE_LINE
_MARKS = {  # by verdict
    "invalid": {"color": style.ALARM, "marker": "x", "markersize": 9, "markeredgewidth": 1.6, "linestyle": "none"},
    "warning": {"color": style.ALARM, "marker": "o", "markersize": 10, "fillstyle": "none", "linestyle": "none"},
}


def draw(document):
    """Returns the Figure of a fanin-load-sweep document over rates that has at least one result."""
    document = cleaned(document)
    points = sorted((each for each in document["points"] if _is_measured(each)), key=lambda each: each["value"])
    with matplotlib.rc_context(style.RC):
        sheet = page.new_page(
            ("Latency versus load", _subtitle(points[0]["result"]), "INTERRUPTED" if document["interrupted"] else None),
            1,
            2,
            [_legend(document, points)],
            _notes(document["points"]),
            _footer(document, points),
        )
        _latency(sheet.panels[0], points)
        _rates(sheet.panels[1], points)
        if _shows_ceiling(document, points):
            for panel in sheet.panels:
                panel.axvline(_ceiling(document), zorder=1, **_CEILING)
        sheet.panels[0].set_title("response time", fontsize=style.HEADING_POINTS, loc="left")
        sheet.panels[1].set_title("achieved requests per second", fontsize=style.HEADING_POINTS, loc="left")
        sheet.panels[0].set_xlabel("achieved requests per second")
        sheet.panels[1].set_xlabel("offered requests per second")
    return sheet.figure


def _achieved(result):
    return result["throughput"]["requests_per_s"]


def _is_measured(point):
    """Whether the window opened: otherwise the achieved rate is unknown, not 0."""
    return point["result"] is not None and _achieved(point["result"]) is not None


def _ceiling(document):
    return _achieved(document["ceiling"]) if document["ceiling"] else None


def _shows_ceiling(document, points):
    """Whether the closed loop's rate is on the axis of a panel; the footer has it in any case."""
    furthest = max(max(point["value"], _achieved(point["result"])) for point in points)
    return _ceiling(document) is not None and _ceiling(document) <= furthest * _AXIS_MARGIN


def _status(point):
    return point["result"]["verdict"]["status"]


def _latency(panel, points):
    xs = [_achieved(point["result"]) for point in points]
    heights = []
    for name, look in style.PERCENTILES.items():
        values = [point["result"]["latency"]["response"]["percentiles"][name] for point in points]
        values = [math.nan if value is None else max(value, 1) for value in values]
        heights += [value for value in values if not math.isnan(value)]
        panel.plot(xs, values, label=name, zorder=3, **look.line_arguments())
        _mark_verdicts(panel, xs, values, points)
    if heights:
        ticks.set_log_axis(panel.yaxis, ticks.log_limits(heights), "ns")
    else:
        panel.set_yticks([])
        panel.text(
            0.5,
            0.5,
            "no percentile:\nsee below",
            transform=panel.transAxes,
            ha="center",
            va="center",
            color=style.ALARM,
        )
    _rate_axis(panel, panel.xaxis, xs)


def _rates(panel, points):
    look = style.PERCENTILES["p99"]
    offered, achieved = [point["value"] for point in points], [_achieved(point["result"]) for point in points]
    furthest = max(offered + achieved)
    panel.plot([0, furthest], [0, furthest], zorder=1.5, **_DIAGONAL)
    panel.plot(offered, achieved, zorder=3, **look.line_arguments())
    _mark_verdicts(panel, offered, achieved, points)
    _rate_axis(panel, panel.xaxis, offered)
    _rate_axis(panel, panel.yaxis, achieved)


def _mark_verdicts(panel, xs, ys, points):
    for status, mark in _MARKS.items():
        marked = [(x, y) for x, y, point in zip(xs, ys, points) if _status(point) == status]
        if marked:
            panel.plot(*zip(*marked), zorder=3.5, **mark)


def _rate_axis(panel, axis, values):
    (panel.set_xlim if axis is panel.xaxis else panel.set_ylim)(0, max(values) * _AXIS_MARGIN or 1)
    axis.set_major_locator(MaxNLocator(5))
    axis.set_major_formatter(FuncFormatter(lambda value, _: ticks.count(value)))


def _legend(document, points):
    results = [point["result"]["latency"]["response"]["percentiles"] for point in points]
    entries = [
        page.Entry(name if any(each[name] is not None for each in results) else f"{name} (no point)", look.line_arguments())
        for name, look in style.PERCENTILES.items()
    ]
    entries.append(page.Entry("achieved = offered", _DIAGONAL | {"linestyle": style.SOLID}))
    if _shows_ceiling(document, points):
        entries.append(page.Entry("closed loop", _CEILING))
    found = {_status(point) for point in points}
    names = {"invalid": "invalid run", "warning": "run with a warning"}
    return entries + [page.Entry(name, _MARKS[status]) for status, name in names.items() if status in found]


def _notes(points):
    """The reasons for marked or missing points, each once, then a line for each code."""
    reasons, codes = {}, {}
    for point in points:
        rate = f"{ticks.exact(point['value'])}/s"
        if point["result"] is None:
            reasons.setdefault(f"no run: {point['reason']}", []).append(rate)
        elif _status(point) in _MARKS:
            found = point["result"]["verdict"]["reasons"]
            listed = ", ".join(dict.fromkeys(each["code"] for each in found))
            reasons.setdefault(f"{_status(point)}: {listed}", []).append(rate)
            for each in found:
                codes.setdefault(each["code"], each["text"])
    lines = [f"{', '.join(rates)}: {reason}" for reason, rates in reasons.items()]
    return [page.Entry(text) for text in lines + [f"{code}: {text}" for code, text in codes.items()]]


def _subtitle(result):
    return captions.describe_workload(result["workload"], "rate")


def _footer(document, points):
    ceiling = _ceiling(document)
    rates = f"{len(points)} rate{'s' if len(points) != 1 else ''}"
    statuses = [_status(point) for point in points]
    verdicts = ", ".join(f"{statuses.count(each)} {each}" for each in ("valid", "warning", "invalid") if each in statuses)
    parts = [f"fanin-load {document['version']}", document["started_at"][:10], f"{rates}, one run each, no intervals"]
    parts.append(f"verdicts: {verdicts}")
    if ceiling is not None:
        parts.append(f"closed loop: {ticks.count(ceiling)} requests/s")
    return " \u00b7 ".join(parts + ["percentiles with at least 10/(1-p) requests"])


def load(path):
    """Returns the sweep over rates in the file. Raises InputError for other files, or without a result."""
    document = read_json(path)
    if not isinstance(document, dict) or document.get("schema") != "fanin-load-sweep":
        raise InputError(f"{path} is no sweep: give the file of fanin-load --sweep rate=auto --json FILE")
    for finding in findings(document, str(path)):
        raise InputError(f"{path}: {finding}")
    if document["parameter"]["name"] != "rate":
        raise InputError(f"{path} is a sweep of {document['parameter']['name']}: give one of --sweep rate=auto")
    if not any(_is_measured(point) for point in document["points"]):
        raise InputError(f"{path} has no result: give a sweep with a measured rate")
    return document


def draw_files(path, out):
    """Draws the file at `path`, next to it or in `out`, and returns the paths written. Raises InputError and OSError."""
    return page.save_next_to(draw(load(path)), path, out, "load-curve")
