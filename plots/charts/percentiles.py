"""Response time by percentile, from the merged buckets of all ok rounds of a cell.

The x axis is 1/(1-p) on a logarithmic scale, as in HdrHistogram's plots. A line ends where fewer than ten values are
higher: the rest is chance.
"""

import dataclasses
import math

import matplotlib
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from plots import captions, page, series, style, sweep, ticks

MAX_PANELS = 4
_NINES = {
    1: "p0",
    2: "p50",
    10: "p90",
    100: "p99",
    1e3: "p99.9",
    1e4: "p99.99",
    1e5: "p99.999",
    1e6: "p99.9999",
    1e7: "p99.99999",
}


def draw(run, experiment, book):
    """Returns the Figure, one panel per sweep value (at most four of them, evenly chosen, with both ends)."""
    servers = book.in_order(experiment.servers)
    values = _chosen(experiment.values)
    curves = {(server, value): curve(run, experiment, server, value) for server in servers for value in values}
    values = values if len(servers) <= sweep.MAX_LINES else values[-1:]
    views = _views(book, servers, values, experiment.parameter)
    columns = 1 if len(views) == 1 else 2 if len(views) <= 4 else 3
    rows = math.ceil(len(views) / columns)
    shown = {server: any(curves[server, value] for value in values) for server in servers}
    with matplotlib.rc_context(style.RC):
        sheet = page.new_page(
            (f"{experiment.title}: response time by percentile", _subtitle(run, experiment, values), captions.alarm(run)),
            rows,
            columns,
            sweep.legend_lines(book, servers, shown, [bright for _, _, bright in views], columns),
            _notes(run, experiment, book, values, curves),
            f"{captions.footer(run, experiment, reading=None)} \u00b7 lines: all ok rounds of a cell merged, without intervals, up to "
            "the percentile that has 10/(1-p) requests",
            share_y=len(views) > 1,
        )
        lines = {(server, value): curves[server, value] for server in servers for value in values}
        furthest = max((line[-1][0] for line in lines.values() if line), default=100)
        limits = _limits(lines)
        for panel, (words, value, bright) in zip(sheet.panels, views):
            _panel(panel, book, {server: lines[server, value] for server in servers}, bright, furthest, limits)
            panel.set_title(words, fontsize=style.HEADING_POINTS, loc="left")
        sheet.finish(len(views), "percentile (scale: 1/(1-p))")
    return sheet.figure


def curve(run, experiment, server, value):
    """[(1/(1-p), ns)] of a cell, ascending; empty if the cell was not measured or has too few values."""
    cell = run.cell(experiment, server, value)
    if cell is None or cell["status"] != "measured":
        return []
    steps = run.response(cell).distribution()
    # The curve begins at p0, even if the first step holds a large share.
    return [(1.0, steps[0][1])] + [(1 / (1 - share), nanoseconds) for share, nanoseconds in steps] if steps else []


def _chosen(values):
    if len(values) <= MAX_PANELS:
        return list(values)
    last = len(values) - 1
    return [values[round(index * last / (MAX_PANELS - 1))] for index in range(MAX_PANELS)]


def _views(book, servers, values, parameter):
    if len(servers) <= sweep.MAX_LINES:
        return [(captions.at(value, parameter), value, servers) for value in values]
    # Many servers: a panel per family, at the largest value, where the models differ most.
    return [(style.PANELS[panel], values[-1], members) for panel, members in book.panels(servers)]


def _subtitle(run, experiment, values):
    several = len(values) > 1
    return captions.workload(run, experiment) + ("" if several else f", {captions.at(values[-1], experiment.parameter)}")


def _limits(curves):
    heights = [nanoseconds for line in curves.values() for _, nanoseconds in line if nanoseconds > 0]
    return ticks.log_limits(heights) if heights else None


def _panel(panel, book, lines, bright, furthest, limits):
    if limits:
        ticks.set_log_axis(panel.yaxis, limits, "ns")
    else:
        panel.set_yticks([])
    panel.set_xscale("log")
    panel.set_xlim(1, max(100, furthest * 1.3))
    narrow = panel.get_position().width < 0.45  # p0 and p50 would overlap
    places = [place for place in _NINES if (2 if narrow else 1) <= place <= max(100, furthest * 1.3)]
    panel.xaxis.set_major_locator(FixedLocator(places))
    panel.xaxis.set_major_formatter(FixedFormatter([_NINES[place] for place in places]))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.tick_params(axis="x", labelsize=8)
    for server, line in lines.items():
        if not line:
            continue
        xs, heights = zip(*line)
        look = book[server].line_arguments()
        if server not in bright:
            if server == style.REFERENCE:
                grey = style.REFERENCE_LINE
                panel.plot(xs, heights, zorder=1.5, drawstyle="steps-pre", rasterized=True, **grey)
            continue
        # A marker per step would hide the line.
        panel.plot(xs, heights, label=server, drawstyle="steps-pre", markevery=[], zorder=3, **look)
        panel.plot(*_find_markers(line), zorder=3.2, **look | {"linestyle": "none"})
    if not any(lines.values()):
        panel.text(
            0.5, 0.5, "no curve:\nsee below", transform=panel.transAxes, ha="center", va="center", color=style.ALARM
        )


def _find_markers(line):
    """(xs, heights) of the line at each named percentile, exactly on its grid line; at its end if there is none."""
    places = [place for place in list(_NINES)[1:] if place <= line[-1][0]]
    found = [(place, next(height for x, height in line if x >= place)) for place in places]
    return zip(*(found or line[-1:]))


def _notes(run, experiment, book, values, curves):
    notes = series.notes(run, dataclasses.replace(experiment, values=tuple(values)), ())
    for value in values:
        for server in experiment.servers:
            notes += _curve_notes(run, experiment, server, value, curves[server, value])
    entries = sweep.legend_reference(experiment.servers) + sweep.legend_notes(book, notes, ())
    undrawn = [value for value in experiment.values if value not in values]
    if undrawn:
        entries.append(page.Entry(f"measured but not drawn: {', '.join(map(ticks.exact, undrawn))}"))
    return entries


def _curve_notes(run, experiment, server, value, line):
    if not _is_measured(run, experiment, server, value):
        return []
    histogram = run.response(run.cell(experiment, server, value))
    found = []
    if not line:
        found.append(series.Note((server,), (value,), "no curve", f"only {histogram.total} requests", False))
    if histogram.uncompleted:
        share = f"{histogram.uncompleted:,} of {histogram.total:,}"
        lost = f"{share} requests failed or stayed unanswered and rank above all others"
        found.append(series.Note((server,), (value,), "line ends early" if line else "failures", lost, True))
    return found


def _is_measured(run, experiment, server, value):
    cell = run.cell(experiment, server, value)
    return cell is not None and cell["status"] == "measured"
