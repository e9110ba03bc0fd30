"""Every server of an experiment relative to its baseline: the `ratios` of the run, next to the absolute figures.

A panel for each sweep value (and metric) with a row for each server. Rows, not lines: most servers differ by a few
percent, and lines of eight servers would cover each other.
"""

import math
from dataclasses import dataclass

import matplotlib

from plots import captions, dot_plot, page, series, style, sweep, ticks
from plots.document import metric_table
from plots.text import short

_ROOM = 1.3  # inches for the two columns of figures
_CHANGE_COLUMN, _FIGURE_COLUMN = 0.64, 0.02  # their ends, in inches from the right
_NOISE = "#e9e9e9"


@dataclass(frozen=True)
class Row:
    """A server at a sweep value: its ratio (as in the run) and its Point, each None without one; the cell's status."""

    server: str
    ratio: dict | None
    point: series.Point | None
    status: str

    @property
    def change(self):
        return self.ratio["ratio"] if self.ratio else None

    @property
    def interval(self):
        known = self.ratio is not None and self.ratio["low"] is not None
        return (self.ratio["low"], self.ratio["high"]) if known else ()


def draw(run, experiment, book, heading, metrics):
    """Returns a Figure. `metrics`: names of metrics; with several each is a column of panels."""
    servers = book.in_order(experiment.servers)
    rows = {metric: _find_rows(run, experiment, servers, metric) for metric in metrics}
    views = [(value, metric) for value in experiment.values for metric in metrics]
    columns = len(metrics) if len(metrics) > 1 else _count_columns(len(views))
    every = [row for by_value in rows.values() for view in by_value.values() for row in view]
    notes = series.notes(run, experiment, metrics) + series.grouped(_explain_gaps(rows))
    with matplotlib.rc_context(style.RC):
        sheet = page.new_page(
            (f"{experiment.title}: {heading}, relative to {experiment.baseline}", _subtitle(run, experiment), captions.alarm(run)),
            math.ceil(len(views) / columns),
            columns,
            [[]],
            _describe_noise(run, experiment, metrics) + sweep.legend_notes(book, notes, [[row.point for row in every]]),
            captions.footer(run, experiment, reading=None) + _describe_marks(experiment, every),
            share_y=True,
            left=1.55,
            legend_width=0.0,
            panel_height=dot_plot.rows_height(len(servers)),
        )
        for index, (axes, (value, metric)) in enumerate(zip(sheet.panels, views)):
            controls = run.control_ratios(experiment, metric)
            names = [short(each, page.NAME_WIDTH) if index % columns == 0 else "" for each in servers]
            dot_plot.set_axes(axes, names, _list_ends(rows[metric], controls), _ROOM)
            at = captions.at(value, experiment.parameter)
            title = f"{metric_table()[metric]['label']}, {at}" if len(metrics) > 1 else at
            axes.set_title(title, fontsize=style.HEADING_POINTS, loc="left")
            _draw_panel(axes, rows[metric][value], book, experiment.baseline, metric, controls)
        sheet.finish(len(views), "")
        for axes in sheet.panels[max(0, len(views) - columns) : len(views)]:
            dot_plot.write_label(axes, f"difference from {experiment.baseline} in %")
    return sheet.figure


def _find_rows(run, experiment, servers, metric):
    """{sweep value: Rows}."""
    found = {value: [] for value in experiment.values}
    for server in servers:
        for value, point in zip(experiment.values, series.points(run, experiment, server, metric)):
            cell = run.cell(experiment, server, value)
            found[value].append(Row(server, run.ratio(cell, metric), point, cell["status"] if cell else "not selected"))
    return found


def _count_columns(views):
    return views if views < 4 else 2 if views == 4 else 3


def _subtitle(run, experiment):
    design = "servers interleaved in slices of one run" if experiment.interleaved else "compared within a block"
    return f"{captions.workload(run, experiment)}, {design}"


def _describe_marks(experiment, rows):
    coverages = sorted(row.ratio["coverage"] for row in rows if row.interval)
    ends = " to ".join(dict.fromkeys(f"{100 * each:.4g}" for each in coverages[:1] + coverages[-1:]))
    bars = f"bars: {ends} % confidence interval" if ends else "no interval"
    return (
        f" \u00b7 marks: Hodges-Lehmann estimate of the ratio to {experiment.baseline}; {bars}; axis logarithmic "
        "beyond \u00b12 %; right: the difference, grey if its interval includes 0 %, and the median"
    )


def _describe_noise(run, experiment, metrics):
    """The legend's entry for the grey band, in a list."""
    texts = []
    for metric in metrics:
        for value, ratio in run.control_ratios(experiment, metric).items():
            at = captions.at(value, experiment.parameter)
            interval = " to ".join(dot_plot.format_change(ratio[end]) for end in ("low", "high"))
            texts.append(f"{metric_table()[metric]['label']} of a second {experiment.baseline} at {at}: {interval}")
    look = {"color": _NOISE, "marker": "s", "markersize": 8, "linestyle": "none"}
    return [page.Entry(f"grey band: no difference (interval of the A/A control); {'; '.join(texts)}", look)] if texts else []


def _explain_gaps(rows):
    """(server, value, status, reason, has_point) of the measured cells whose ratio has no value or no interval."""
    found = {}
    for by_value in rows.values():
        for value, view in by_value.items():
            for row in view:
                if row.ratio and row.status == "measured" and not row.interval:
                    status = "no ratio" if row.change is None else "no interval"
                    found[row.server, value, status, row.ratio["reason"], row.change is not None] = None
    return list(found)


def _list_ends(by_value, controls):
    rows = [row for view in by_value.values() for row in view if row.change is not None]
    return [each for row in rows for each in (row.change, *row.interval)] + [
        ratio[end] for ratio in controls.values() for end in ("low", "high")
    ]


def _draw_panel(axes, rows, book, baseline, metric, controls):
    for ratio in controls.values():
        low, high = (dot_plot.place(ratio[end]) for end in ("low", "high"))
        axes.fill_betweenx([-0.6, len(rows) - 0.4], low, high, color=_NOISE, linewidth=0, zorder=0.6)
    for index, row in enumerate(rows):
        look = book[row.server]
        if row.server == baseline and row.point:
            _draw_mark(axes, index, row, 1, look)
            dot_plot.write_column(axes, index, _CHANGE_COLUMN, "baseline", color=style.FAINT)
        elif row.change is not None:
            if row.interval:
                dot_plot.draw_interval(axes, index, *row.interval, color=look.colour)
            _draw_mark(axes, index, row, row.change, look)
            unsure = not row.interval or row.interval[0] <= 1 <= row.interval[1]
            ink = style.FAINT if unsure else style.INK
            dot_plot.write_column(axes, index, _CHANGE_COLUMN, dot_plot.format_change(row.change), color=ink)
        else:
            cross = {"marker": "x", "markersize": 5.5, "markeredgewidth": 1.6, "color": look.colour}
            axes.plot([0.015], [index], transform=axes.get_yaxis_transform(), clip_on=False, **cross)
            why = "no ratio" if row.status == "measured" else row.status
            dot_plot.write_column(axes, index, _CHANGE_COLUMN, why, color=style.ALARM)
        if row.point:
            dot_plot.write_column(axes, index, _FIGURE_COLUMN, _format_figure(row.point.median, metric))


def _draw_mark(axes, index, row, ratio, look):
    at = dot_plot.place(ratio)
    axes.plot([at], [index], label=row.server, zorder=3, **look.line_arguments() | {"linestyle": "none"})
    if row.point:
        sweep.draw_marks(axes, at, index, row.point.marks, look)


def _format_figure(median, metric):
    unit = metric_table()[metric]["unit"]
    return ticks.FORMS[unit](median) + ("/s" if unit == "1/s" else "")
