"""One or more metrics against the parameter of a sweep: a line per server, its intervals, and marks for gaps.

A sweep of one value has no lines: it is a dot plot with a row for each server.
"""

import math

import matplotlib
from matplotlib.path import Path
from matplotlib.transforms import ScaledTranslation

from plots import captions, page, series, style, ticks
from plots.document import metric_table
from plots.text import short

# With more servers than this, each family gets a panel of its own: nobody can follow more lines.
MAX_LINES = 8
# With more servers than this in a panel, intervals are bars: ribbons over each other are one grey area.
MAX_RIBBONS = 5
_ROW_HEIGHT = 0.27  # of a dot plot, in inches
_MISSING = {"marker": "x", "markersize": 5.5, "markeredgewidth": 1.6, "linestyle": "none"}
# A dot inside the marker of a point: white in a filled one, dark in a hollow one.
_WARNED = {"marker": ".", "markersize": 4.5, "markeredgewidth": 0, "linestyle": "none"}
_DOTTED = Path.make_compound_path(Path.circle(), Path(Path.circle(radius=0.4).vertices[::-1], Path.circle().codes))


def draw(run, experiment, book, heading, metrics):
    """Returns a Figure. `metrics`: names of metrics, each a panel, from left to right."""
    servers = book.in_order(experiment.servers)
    curves = {
        (server, metric): series.points(run, experiment, server, metric) for server in servers for metric in metrics
    }
    notes = series.notes(run, experiment, metrics)
    if len(experiment.values) == 1:
        return _draw_rows(run, experiment, book, heading, metrics, curves, notes)
    views = _views(book, servers, metrics)
    columns = min(len(views), len(metrics) if len(metrics) > 1 else 3)
    lines_of_panels = math.ceil(len(views) / columns)
    shown = {server: any(any(curves[server, metric]) for metric in metrics) for server in servers}
    share = _is_comparable(metrics) and len(views) > 1
    ribbons = all(len(bright) <= MAX_RIBBONS for _, _, bright in views)
    with matplotlib.rc_context(style.RC):
        sheet = page.new_page(
            (f"{experiment.title}: {heading}", captions.workload(run, experiment), captions.alarm(run)),
            lines_of_panels,
            columns,
            legend_lines(book, servers, shown, [bright for _, _, bright in views], columns),
            legend_reference(servers) + legend_notes(book, notes, curves.values()),
            captions.footer(run, experiment, intervals="ribbons" if ribbons else "bars"),
            share_y=share,
            panel_height=1.9 if lines_of_panels > 4 else None,
        )
        groups = [[metric] for metric in metrics] if not share else [list(metrics)]
        limits = {metric: _limits(curves, group) for group in groups for metric in group}
        for panel, (words, metric, bright) in zip(sheet.panels, views):
            lines = {server: curves[server, metric] for server in servers}
            _panel(panel, experiment, book, lines, bright, limits[metric], metric, ribbons)
            _missing(panel, book, notes, metric_table()[metric]["label"], bright)
            panel.set_title(words, fontsize=_heading_points(columns), loc="left")
        sheet.finish(len(views), captions.PARAMETER_WORDS[experiment.parameter])
    return sheet.figure


def _draw_rows(run, experiment, book, heading, metrics, curves, notes):
    servers = book.in_order(experiment.servers)
    at = captions.at(experiment.values[0], experiment.parameter)
    with matplotlib.rc_context(style.RC):
        sheet = page.new_page(
            (f"{experiment.title}: {heading}", f"{captions.workload(run, experiment)}, {at}", captions.alarm(run)),
            1,
            len(metrics),
            [[]],
            legend_notes(book, notes, curves.values()),
            captions.footer(run, experiment, captions.ROWS, intervals="bars"),
            share_y=True,
            left=1.6,
            legend_width=0.1,
            panel_height=_rows_height(servers),
        )
        for index, (axes, metric) in enumerate(zip(sheet.panels, metrics)):
            points = {server: curves[server, metric][0] for server in servers}
            _draw_rows_panel(axes, points, book, _unit(metric), names=index == 0)
            axes.set_title(metric_table()[metric]["heading"], fontsize=_heading_points(len(metrics)), loc="left")
    return sheet.figure


def _heading_points(columns):
    """The size of the panels' headings, which must not reach the next panel."""
    return style.HEADING_POINTS if columns < 3 else style.TEXT_POINTS


def _rows_height(servers):
    """The height in inches of a panel with a row for each of the servers."""
    return max(1.2, _ROW_HEIGHT * len(servers))


def _draw_rows_panel(axes, points, book, unit, names):
    """A dot plot: draws {server: Point or None} from top to bottom with intervals and values.

    `unit`: of a summary; `names`: whether the panel shows the servers' names on its left.
    """
    servers = list(points)
    axes.set_yticks(range(len(servers)), [short(each, page.NAME_WIDTH) if names else "" for each in servers])
    axes.set_ylim(len(servers) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    ends = [end for point in points.values() if point for end in (point.low, point.high) if end > 0]
    if not ends:
        axes.set_xticks([])
        axes.text(0.5, 0.5, "no value:\nsee below", transform=axes.transAxes, ha="center", color=style.ALARM)
        return
    low, high = ticks.log_limits(ends)
    ticks.set_log_axis(axes.xaxis, (low, high * (high / low) ** 0.35), unit)  # room for the values
    for row, (server, point) in enumerate(points.items()):
        look = book[server]
        if point is None:
            cross = {"marker": "x", "markersize": 5.5, "markeredgewidth": 1.6, "color": look.colour}
            axes.plot([0.015], [row], transform=axes.get_yaxis_transform(), clip_on=False, **cross)
            continue
        axes.plot([point.low, point.high], [row, row], color=look.colour, linewidth=5, alpha=0.3, zorder=2)
        axes.plot([point.median], [row], label=server, zorder=3, **look.line_arguments() | {"linestyle": "none"})
        draw_marks(axes, point.median, row, point.marks, look)
        axes.annotate(
            ticks.FORMS[unit](point.median),
            (max(point.high, point.median), row),
            (8, 0),
            textcoords="offset points",
            va="center",
            fontsize=style.SMALL_POINTS,
        )


def _is_comparable(metrics):
    """Whether one axis fits all: plain numbers count different things."""
    units = {_unit(metric) for metric in metrics}
    return len(metrics) == 1 or (len(units) == 1 and units != {"1"})


def _unit(metric):
    return metric_table()[metric]["unit"]


def _views(book, servers, metrics):
    """[(heading, metric, servers drawn in colour)], one per panel."""
    if len(servers) <= MAX_LINES:
        return [(metric_table()[metric]["heading"], metric, servers) for metric in metrics]
    gap = "" if len(metrics) == 1 else ", " if len(metrics) == 2 else ",\n"  # in three columns no line holds both
    return [
        (style.PANELS[panel] + (gap and gap + metric_table()[metric]["label"]), metric, members)
        for panel, members in book.panels(servers)
        for metric in metrics
    ]


def _limits(curves, metrics):
    values = [
        value
        for (_, metric), line in curves.items()
        if metric in metrics
        for point in line
        if point
        for value in (point.low, point.high)
    ]
    positive = [value for value in values if value > 0]
    return ticks.log_limits(positive) if positive else None


def _panel(panel, experiment, book, lines, bright, limits, metric, ribbons):
    if limits:
        ticks.set_log_axis(panel.yaxis, limits, _unit(metric))
    else:
        panel.set_yticks([])
    ticks.set_sweep_axis(panel, experiment.values)
    for server, line in lines.items():
        if server in bright:
            draw_line(panel, line, book[server], server, shift(bright, server), ribbons)
        elif server == style.REFERENCE:
            xs, medians = _columns(line)
            panel.plot(xs, medians, zorder=1.5, **style.REFERENCE_LINE)
    if not any(any(line) for line in lines.values()):
        panel.text(
            0.5, 0.5, "no value:\nsee below", transform=panel.transAxes, ha="center", va="center", color=style.ALARM
        )


def _columns(line):
    return [point.x if point else math.nan for point in line], [point.median if point else math.nan for point in line]


def shift(servers, server):
    """The offset of a server's line to the right in points, which keeps lines of equal values apart."""
    return (servers.index(server) - (len(servers) - 1) / 2) * min(4.0, 18 / len(servers))


def find_shift(panel, points):
    """The transform that moves a line to the right by so many points."""
    return ScaledTranslation(points / 72, 0, panel.figure.dpi_scale_trans)


def draw_line(panel, line, look, label, right=0.0, ribbon=True):
    """Draws Points (None breaks the line) with their intervals and hollow marks.

    `right`: offset in points. The intervals are a ribbon, or else bars; a point without neighbours always has a bar.
    """
    xs, medians = _columns(line)
    here = {"transform": panel.transData + find_shift(panel, right)}
    panel.plot(xs, medians, label=label, zorder=3, **look.line_arguments(), **here)
    if ribbon:
        lows = [point.low if point else math.nan for point in line]
        highs = [point.high if point else math.nan for point in line]
        panel.fill_between(xs, lows, highs, color=look.colour, alpha=style.RIBBON_ALPHA, linewidth=0, zorder=2, **here)
    for index, point in enumerate(line):
        if point is None:
            continue
        if not ribbon or not any(line[max(0, index - 1) : index] + line[index + 1 : index + 2]):
            bar = {"color": look.colour, "linewidth": 3, "alpha": 0.4, "zorder": 2, "solid_capstyle": "butt"}
            panel.plot([point.x] * 2, [point.low, point.high], **bar, **here)
        draw_marks(panel, point.x, point.median, point.marks, look, **here)


def draw_marks(panel, x, y, marks, look, **where):
    """Draws the marks of a point over its marker: hollow if the generator was the limit, a dot for a warning."""
    hollow = series.GENERATOR_LIMITED in marks
    if hollow:
        panel.plot([x], [y], zorder=3.5, **look.hollow_arguments(), **where)
    if series.WARNING in marks:
        dark = hollow or look.marker in style.STROKE_MARKERS
        panel.plot([x], [y], zorder=3.6, color=style.INK if dark else "white", **_WARNED, **where)


def _missing(panel, book, notes, word, bright):
    """Draws a cross at the bottom of the panel for every server and sweep value without a point."""
    crosses = {}
    for note in notes:
        if note.has_point or (note.status.startswith("no ") and note.status != f"no {word}"):
            continue
        for server in note.servers:
            if server in bright:
                crosses.setdefault(server, []).extend(note.values)
    for server, values in crosses.items():
        place = panel.get_xaxis_transform() + find_shift(panel, shift(bright, server))
        panel.plot(
            values,
            [0.025] * len(values),
            transform=place,
            color=book[server].colour,
            clip_on=False,
            zorder=4,
            **_MISSING,
        )


def legend_lines(book, servers, shown, panels, columns):
    """The legends on the right of the rows of panels: lists of Entries. `panels`: the coloured servers of each panel.

    One list if every panel has all servers, otherwise one per row. A server without points (`shown` is false) has an
    entry too.
    """

    def entry(server):
        look = book[server]
        if shown[server]:
            return page.Entry(server, look.line_arguments())
        gap = "\n" if len(server) > 12 else " "  # the margin holds no longer line
        return page.Entry(f"{server}{gap}(no point)", {"color": look.colour, **_MISSING})

    if all(len(bright) == len(servers) for bright in panels):
        return [[entry(server) for server in servers]]
    rows = [panels[first : first + columns] for first in range(0, len(panels), columns)]
    return [[entry(server) for server in dict.fromkeys(server for bright in row for server in bright)] for row in rows]


def legend_reference(servers):
    """Entries of the legend below for the grey line of small panels."""
    if len(servers) <= MAX_LINES or style.REFERENCE not in servers:
        return []
    return [page.Entry(f"grey: {style.REFERENCE}, for comparison", style.REFERENCE_LINE | {"linestyle": "-"})]


def legend_notes(book, notes, lines):
    """Entries of the legend below: the meaning of marked points, if there are any, then one line per Note.

    Only notes of points that are missing have a symbol, the cross that the chart has in their place.
    """
    entries = []
    marks = {mark for line in lines for point in line if point for mark in point.marks}
    hollow = {"marker": "o", "color": style.INK, "markerfacecolor": "white"}
    if series.GENERATOR_LIMITED in marks:
        entries.append(page.Entry("hollow: generator-limited; the server can do at least this much", hollow))
    if series.WARNING in marks:
        dotted = {"marker": _DOTTED, "color": style.INK, "markersize": 7, "markeredgewidth": 0}
        entries.append(page.Entry("dot inside: at least half of the rounds have a warning, named below", dotted))
    for note in series.joined(notes):
        colour = book[note.servers[0]].colour if len(note.servers) == 1 else style.INK
        entries.append(page.Entry(note.text(), {} if note.has_point else {"color": colour, **_MISSING}))
    return entries
