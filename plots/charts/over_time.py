"""Second by second of the window: replies, and the 99th percentile of their response times.

A line for each round: a stall, which no two rounds have in the same second, would vanish in a median.
"""

import dataclasses
import math

import matplotlib
from matplotlib.ticker import FuncFormatter, MaxNLocator

from plots import captions, page, series, style, sweep, ticks

LEAST_SECONDS = 3
_REPLIES, _P99 = ("completed", "replies in each second"), ("p99_ns", "p99 of each second")
_ROUND = {"linewidth": 1.0, "alpha": 0.75, "markersize": 3.2}


def draw(run, experiment, book):
    """Returns the Figure at the largest sweep value that has a window of three seconds; None if there is none."""
    if not has_series(run, experiment):
        return None
    servers = book.in_order(experiment.servers)
    value = max(value for value in experiment.values if _is_long(run, experiment, value))
    lines = {server: _find_series(run, experiment, server, value) for server in servers}
    views = _views(book, servers)
    columns = min(3, len(views))
    with matplotlib.rc_context(style.RC):
        sheet = page.new_page(
            (f"{experiment.title}: second by second", _subtitle(run, experiment, value), captions.alarm(run)),
            math.ceil(len(views) / columns),
            columns,
            sweep.legend_lines(book, servers, {name: bool(each) for name, each in lines.items()}, [each for *_, each in views], columns),
            sweep.legend_notes(book, _notes(run, experiment, lines, value), ()),
            captions.footer(run, experiment, reading=None) + " \u00b7 lines: one for each round, without intervals",
        )
        for panel, (words, (key, _), members) in zip(sheet.panels, views):
            _draw_panel(panel, book, {server: lines[server] for server in members}, key)
            panel.set_title(words, fontsize=style.HEADING_POINTS, loc="left")
        sheet.finish(len(views), "second of the window")
    return sheet.figure


def _find_series(run, experiment, server, value):
    """The seconds of each ok round of a cell; empty without a long enough window."""
    cell = run.cell(experiment, server, value)
    found = [each["load"]["series"] for each in run.rounds(cell, "ok")] if cell and cell["status"] == "measured" else []
    return [each for each in found if len(each) >= LEAST_SECONDS]


def has_series(run, experiment):
    """Whether any round has a long enough window."""
    return any(_is_long(run, experiment, value) for value in experiment.values)


def _is_long(run, experiment, value):
    return any(_find_series(run, experiment, server, value) for server in experiment.servers)


def _views(book, servers):
    """[(heading, what is drawn, servers)], one per panel."""
    if len(servers) <= sweep.MAX_LINES:
        return [(words, (key, words), servers) for key, words in (_REPLIES, _P99)]
    return [(f"{style.PANELS[panel]}, {_REPLIES[1]}", _REPLIES, members) for panel, members in book.panels(servers)]


def _subtitle(run, experiment, value):
    slices = ", each server driven in slices of it" if experiment.interleaved else ""
    return f"{captions.workload(run, experiment)}, {captions.at(value, experiment.parameter)}{slices}"


def _notes(run, experiment, lines, value):
    found = series.notes(run, dataclasses.replace(experiment, values=(value,)), ())
    explained = {server for note in found for server in note.servers if not note.has_point}
    short = [server for server, rounds in lines.items() if not rounds and server not in explained]
    why = f"no ok round of {LEAST_SECONDS} s or more"
    return found + series.grouped((server, value, "no line", why, False) for server in short)


def _draw_panel(panel, book, lines, key):
    heights = [second[key] for rounds in lines.values() for one in rounds for second in one if second[key] is not None]
    if not heights:
        panel.set_yticks([])
        panel.text(0.5, 0.5, "no value:\nsee below", transform=panel.transAxes, ha="center", va="center", color=style.ALARM)
    elif key == _REPLIES[0]:
        # From 0: a second without replies is what the chart is for.
        panel.set_ylim(0, 1.08 * max(1, *heights))
        panel.yaxis.set_major_formatter(FuncFormatter(lambda height, _: ticks.count(height)))
    else:
        ticks.set_log_axis(panel.yaxis, ticks.log_limits([each for each in heights if each > 0] or [1]), "ns")
    panel.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    for server, rounds in lines.items():
        for number, one in enumerate(rounds):
            xs = [second["second"] for second in one]
            ys = [math.nan if second[key] is None else second[key] for second in one]
            label = server if number == 0 else f"_{server}"
            panel.plot(xs, ys, label=label, **book[server].line_arguments() | _ROUND)
