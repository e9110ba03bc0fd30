"""Stacked bars, one for each server and kernel: instructions per request by subsystem, and memory by kind."""

from dataclasses import dataclass

import matplotlib
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from plots import page, style
from plots.ledger.document import describe_value, format_change, format_count

_BAR, _GAP = 0.2, 0.12  # inches: of a bar; between servers
_LEGEND_LINE = 0.17  # inches
_ROOM = 1.55  # inches for the figures on the right
_FIGURE_POINTS, _FIGURE_MARGIN = 6.2, 0.05  # of a figure in a part; inches beside it, without which it is left out


@dataclass
class Bar:
    """`parts`: {name: value}, none below 0, from left to right; they add up to `total` but for rounding."""

    server: str
    kernel: str
    parts: dict
    total: float


def draw(ledger, name, cells):
    """Returns the Figure of the `cells` of an experiment, at its largest sweep value."""
    value = max(cell["value"] for cell in cells)
    shown = [cell for cell in cells if cell["value"] == value]
    kernels = ", ".join(map(ledger.short, ledger.kernels))
    heading = (f"{name}: instructions per request by subsystem", f"{describe_value(shown[0])} \u00b7 server, generator and kernel \u00b7 {kernels}", None)
    bars = [Bar(cell["server"], cell["kernel"], sum_subsystems(cell), cell["instructions_per_request"]) for cell in shown]
    look = {"looks": style.SUBSYSTEMS, "axis": "instructions per request", "form": format_count, "locator": MaxNLocator(5)}
    return draw_bars(ledger, heading, bars, **look, notes=ledger.describe_gaps(name))


def sum_subsystems(cell):
    """{subsystem: instructions per request}, in the order of the style."""
    found = dict.fromkeys(style.SUBSYSTEMS, 0)
    for each in cell["functions"]:
        found[each["subsystem"]] += each["instructions"]
    return {name: count / cell["requests"] for name, count in found.items() if count}


def draw_bars(ledger, heading, bars, looks, axis, form, locator, notes=()):
    """Returns the Figure of Bars. `looks`: {part: style.Part}, in the order of the legend; `form`: formats a value; `locator`:
    of matplotlib, for the axis; `notes`: texts below the panel."""
    rows, height = _arrange(ledger, bars)
    shown = {name: look for name, look in looks.items() if any(name in bar.parts for bar in bars)}
    height = max(height, _LEGEND_LINE * (len(shown) + 1))  # the bug: few bars, and a legend that was cut off
    longest = max(bar.total for bar in bars)
    with matplotlib.rc_context(style.RC):
        sheet = page.new_page(
            heading,
            1,
            1,
            [[]],
            [page.Entry(text) for text in notes],
            ledger.describe_footer(),
            left=0.35 + max(page.measure(text, style.TEXT_POINTS) for text, *_ in rows),
            legend_width=_ROOM + page.LEGEND_WIDTH,
            panel_height=height,
        )
        (axes,) = sheet.panels
        axes.set_xlim(0, longest)
        axes.set_ylim(height, 0)
        axes.grid(axis="y", visible=False)
        axes.set_yticks([place for _, place, *_ in rows], [text for text, *_ in rows])
        axes.xaxis.set_major_formatter(lambda value, _: form(value) if value else "0")
        axes.xaxis.set_major_locator(locator)
        axes.set_xlabel(axis)
        for _, place, bar, first in rows:
            _draw_bar(axes, place, bar, longest, looks, form)
            _write_total(axes, place, bar, first, form)
        _draw_legend(sheet.figure, shown)
    return sheet.figure


def _arrange(ledger, bars):
    """Rows (label, place, bar, the same server's bar on the first kernel or None), and the height of all."""
    rows, place, last = [], 0.0, None
    servers = list(dict.fromkeys(bar.server for bar in bars))
    firsts = {bar.server: bar for bar in bars if bar.kernel == ledger.kernels[0]}
    for bar in sorted(bars, key=lambda each: servers.index(each.server)):
        place += _GAP if bar.server != last else 0
        label = ledger.short(bar.kernel)
        rows.append((f"{bar.server}  {label}" if bar.server != last else label, place + _BAR / 2, bar, firsts.get(bar.server)))
        place, last = place + _BAR, bar.server
    return rows, place + _GAP


def _draw_bar(axes, place, bar, longest, looks, form):
    left, inches = 0.0, axes.get_position().width * page.WIDTH / longest
    for name, count in bar.parts.items():
        look = looks[name]
        axes.barh(place, count, left=left, height=0.86 * _BAR, color=look.colour, edgecolor="white", linewidth=0.4, label=name)
        if inches * count >= page.measure(form(count), _FIGURE_POINTS) + _FIGURE_MARGIN:
            axes.text(left + count / 2, place, form(count), ha="center", va="center", fontsize=_FIGURE_POINTS, color=look.ink)
        left += count


def _write_total(axes, place, bar, first, form):
    change = "" if first is None or first is bar else f"  ({format_change(bar.total / first.total)})"
    axes.annotate(
        f"{form(bar.total)}{change}",
        (bar.total, place),
        (5, 0),
        textcoords="offset points",
        va="center",
        fontsize=style.SMALL_POINTS,
        annotation_clip=False,
    )


def _draw_legend(figure, looks):
    """On the right: the parts that occur, from left to right of the bars."""
    look = {"marker": "s", "markersize": 8, "linestyle": "none", "markeredgecolor": "white"}
    symbols = [Line2D([], [], color=each.colour, label=name, **look) for name, each in looks.items()]
    place = ((page.WIDTH - page.LEGEND_WIDTH + 0.25) / page.WIDTH, figure.axes[0].get_position().y1)
    figure.legend(handles=symbols, loc="upper left", bbox_to_anchor=place, borderaxespad=0, fontsize=8)
