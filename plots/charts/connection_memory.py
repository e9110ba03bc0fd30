"""The memory of one more idle connection, per server, and its parts.

Left: the total with its interval, on a logarithmic axis, since servers differ by a factor of a hundred. Right: the
parts as shares, since bytes cannot be stacked on a logarithmic axis.
"""

import matplotlib

from plots import captions, page, series, style, sweep, ticks
from plots.document import metric_table
from plots.text import short

TOTAL = "memory_total_bytes"
# Stacked in this order: the other metrics with a slope.
PARTS = tuple(name for name, row in metric_table().items() if "slope" in row and name != TOTAL)
_ROW, _LEFT = 0.3, 1.5
_NOTE = (
    "bars: least-squares slope over idle connections, median of blocks; lines: its confidence interval (an arrow: it "
    "extends beyond the axis); slab memory is that of the machine and includes the generator's end of each connection, "
    "which is the same for every server"
)


def draw(run, experiment, book):
    """Returns the Figure, or None if no server has a slope: the report then says why (explain_absence)."""
    slopes = {server: run.slopes(experiment, server) for server in book.in_order(experiment.servers)}
    drawn = [server for server, found in slopes.items() if _has_total(found)]
    if not drawn:
        return None
    drawn.sort(key=lambda server: slopes[server][TOTAL]["median"])
    # Warnings of a measured cell concern its requests, not its memory.
    gaps = [note for note in series.notes(run, experiment, ()) if not note.has_point and set(note.servers) & set(drawn)]
    notes = [page.Entry(_NOTE)] + _skipped(experiment, slopes, drawn, book) + sweep.legend_notes(book, gaps, ())
    with matplotlib.rc_context(style.RC):
        sheet = page.new_page(
            (f"{experiment.title}: bytes per idle connection", _subtitle(run, experiment), captions.alarm(run)),
            1,
            2,
            [[]],
            _legend() + notes,
            captions.footer(run, experiment, reading=None) + _coverage(slopes),
            left=_LEFT,
            legend_width=0,
            panel_height=max(1.2, _ROW * len(drawn)),
        )
        total, shares = sheet.panels
        _draw_total(total, drawn, slopes, book)
        _draw_shares(shares, drawn, slopes)
        sheet.finish(2, "")
        total.set_xlabel("bytes per idle connection")
        shares.set_xlabel("share of the parts")
    return sheet.figure


def explain_absence(run, experiment):
    """Why a sweep of idle connections has no such chart, as one line; None if it has one."""
    slopes = {server: run.slopes(experiment, server) for server in experiment.servers}
    if any(map(_has_total, slopes.values())):
        return None
    return "; ".join(f"{', '.join(names)}: {why}" for why, names in _reasons(slopes, ()).items())


def _has_total(found):
    return TOTAL in found and found[TOTAL]["median"] is not None and found[TOTAL]["median"] > 0


def _subtitle(run, experiment):
    return f"{captions.workload(run, experiment)}, slope over {', '.join(map(ticks.exact, experiment.values))} idle connections"


def _coverage(slopes):
    found = [each[TOTAL]["coverage"] for each in slopes.values() if _has_total(each)]
    return f" \u00b7 intervals: {100 * min(found):.4g} % confidence" if found else ""


def _skipped(experiment, slopes, drawn, book):
    """One line for each reason why servers have no bar."""
    mark = {"marker": "x", "markersize": 5.5, "markeredgewidth": 1.6}
    return [
        page.Entry(f"{', '.join(names)}: no bar ({why})", {"color": book[names[0]].colour, **mark})
        for why, names in _reasons({server: slopes[server] for server in experiment.servers}, drawn).items()
    ]


def _reasons(slopes, drawn):
    """{reason: servers without a bar}."""
    reasons = {}
    for server, found in slopes.items():
        if server not in drawn:
            reasons.setdefault(_explain(found), []).append(server)
    return reasons


def _explain(found):
    if TOTAL not in found:
        return "the run has no such slope"
    return found[TOTAL].get("reason") or "the slope is not above zero: noise"


def _legend():
    look = {"marker": "s", "markersize": 8, "markeredgecolor": "white"}
    return [page.Entry(metric_table()[metric]["label"], {"color": style.PARTS[metric], **look}) for metric in PARTS]


def _rows(axes, drawn):
    axes.set_ylim(len(drawn) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)


def _draw_total(axes, drawn, slopes, book):
    totals = [slopes[server][TOTAL] for server in drawn]
    axes.set_yticks(range(len(drawn)), [short(each, page.NAME_WIDTH) for each in drawn])
    _rows(axes, drawn)
    ends = [end for each in totals for end in (each["median"], each["low"], each["high"]) if end > 0]
    low, high = ticks.log_limits(ends)
    low = min(low, min(ends) / 3)  # bars begin at the axis: the shortest needs some length too
    ticks.set_log_axis(axes.xaxis, (low, high * 3), "bytes")
    for row, (server, each) in enumerate(zip(drawn, totals)):
        axes.barh(row, each["median"] - low, left=low, height=0.62, color=book[server].colour, alpha=0.85, label=server)
        ends = (max(each["low"], low), each["high"])
        axes.plot(ends, [row, row], color=style.INK, linewidth=1.4, marker="|", markersize=6, zorder=3)
        if each["low"] < low:
            axes.plot([low], [row], color=style.INK, marker="<", markersize=6, zorder=3, clip_on=False)
        axes.annotate(
            ticks.size(each["median"]),
            (max(each["median"], each["high"]), row),
            (6, 0),
            textcoords="offset points",
            va="center",
            fontsize=style.SMALL_POINTS,
        )


def _draw_shares(axes, drawn, slopes):
    axes.set_yticks(range(len(drawn)), [""] * len(drawn))
    _rows(axes, drawn)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    for row, server in enumerate(drawn):
        # Noise can make a small part negative.
        found = {metric: slopes[server].get(metric) for metric in PARTS}
        parts = {metric: max(0.0, each["median"] or 0.0) if each else 0.0 for metric, each in found.items()}
        whole = sum(parts.values())
        left = 0.0
        for metric, part in parts.items():
            share = part / whole if whole else 0.0
            axes.barh(row, share, left=left, height=0.62, color=style.PARTS[metric], edgecolor="white", linewidth=0.6)
            if share >= 0.14:
                axes.text(
                    left + share / 2,
                    row,
                    ticks.size(part),
                    ha="center",
                    va="center",
                    fontsize=style.SMALL_POINTS,
                    color=style.INK_ON_PARTS[metric],
                )
            left += share
