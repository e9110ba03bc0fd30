"""Instructions per request by subsystem: a stacked bar for each server and kernel of an experiment."""

import matplotlib
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from plots import page, style
from plots.ledger.document import describe_value, format_change, format_count

_BAR, _GAP = 0.2, 0.12  # inches: of a bar; between servers
_ROOM = 1.55  # inches for the figures on the right
_LEAST_SHARE = 0.055  # of the axis: a narrower part has no figure in it


def draw(ledger, name, cells):
    """Returns the Figure of the `cells` of an experiment, at its largest sweep value."""
    value = max(cell["value"] for cell in cells)
    shown = [cell for cell in cells if cell["value"] == value]
    rows, height = _arrange(ledger, shown)
    longest = max(cell["instructions_per_request"] for cell in shown)
    kernels = ", ".join(map(ledger.short, ledger.kernels))
    with matplotlib.rc_context(style.RC):
        sheet = page.new_page(
            (f"{name}: instructions per request by subsystem", f"{describe_value(shown[0])} \u00b7 server, generator and kernel \u00b7 {kernels}", None),
            1,
            1,
            [[]],
            [page.Entry(text) for text in ledger.describe_gaps(name)],
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
        axes.xaxis.set_major_formatter(lambda value, _: format_count(value) if value else "0")
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.set_xlabel("instructions per request")
        for _, place, cell, first in rows:
            _draw_bar(axes, place, cell, longest)
            _write_total(axes, place, cell, first)
        _draw_legend(sheet.figure, shown)
    return sheet.figure


def sum_subsystems(cell):
    """{subsystem: instructions per request}, in the order of the style."""
    found = dict.fromkeys(style.SUBSYSTEMS, 0)
    for each in cell["functions"]:
        found[each["subsystem"]] += each["instructions"]
    return {name: count / cell["requests"] for name, count in found.items() if count}


def _arrange(ledger, cells):
    """Rows (label, place, cell, the same server's cell on the first kernel or None), and the height of all."""
    rows, place, last = [], 0.0, None
    for cell in sorted(cells, key=lambda each: _first_place(cells, each["server"])):
        place += _GAP if cell["server"] != last else 0
        first = ledger.find(cell["id"], ledger.kernels[0])
        label = ledger.short(cell["kernel"])
        rows.append((f"{cell['server']}  {label}" if cell["server"] != last else label, place + _BAR / 2, cell, first))
        place, last = place + _BAR, cell["server"]
    return rows, place + _GAP


def _first_place(cells, server):
    return next(index for index, each in enumerate(cells) if each["server"] == server)


def _draw_bar(axes, place, cell, longest):
    left = 0.0
    for name, count in sum_subsystems(cell).items():
        look = style.SUBSYSTEMS[name]
        axes.barh(place, count, left=left, height=0.86 * _BAR, color=look.colour, edgecolor="white", linewidth=0.4, label=name)
        if count >= _LEAST_SHARE * longest:
            axes.text(left + count / 2, place, format_count(count), ha="center", va="center", fontsize=6.2, color=look.ink)
        left += count


def _write_total(axes, place, cell, first):
    total = cell["instructions_per_request"]
    change = "" if first is None or first is cell else f"  ({format_change(total / first['instructions_per_request'])})"
    axes.annotate(
        f"{format_count(total)}{change}",
        (total, place),
        (5, 0),
        textcoords="offset points",
        va="center",
        fontsize=style.SMALL_POINTS,
        annotation_clip=False,
    )


def _draw_legend(figure, cells):
    """On the right: the subsystems that occur, from left to right of the bars."""
    found = {name for cell in cells for name in sum_subsystems(cell)}
    look = {"marker": "s", "markersize": 8, "linestyle": "none", "markeredgecolor": "white"}
    symbols = [
        Line2D([], [], color=each.colour, label=name, **look)
        for name, each in style.SUBSYSTEMS.items()
        if name in found
    ]
    place = ((page.WIDTH - page.LEGEND_WIDTH + 0.25) / page.WIDTH, 1 - page.TOP / figure.get_figheight())
    figure.legend(handles=symbols, loc="upper left", bbox_to_anchor=place, borderaxespad=0, fontsize=8)
