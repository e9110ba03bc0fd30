"""Cost against watched descriptors: a panel for each kernel, a line for each server, and what one more descriptor costs."""

import itertools
import math
import statistics

import matplotlib
from matplotlib.ticker import MaxNLocator

from plots import page, style, ticks
from plots.ledger.document import format_count

_MAX_COLUMNS = 4
IDLE = "idle_connections"


def draw(ledger, name, cells):
    """Returns the Figure of an experiment that is swept over idle connections, else None."""
    values = sorted({cell["value"] for cell in cells if cell["parameter"] == IDLE})
    if len(values) < 2:
        return None
    kernels = [each for each in ledger.kernels if any(cell["kernel"] == each for cell in cells)]
    columns = min(len(kernels), _MAX_COLUMNS)
    rows = math.ceil(len(kernels) / columns)
    book = style.StyleBook([(cell["server"], cell["server"]) for cell in cells])
    servers = book.in_order(list(dict.fromkeys(cell["server"] for cell in cells)))
    with matplotlib.rc_context(style.RC):
        sheet = page.new_page(
            (f"{name}: instructions per request against watched descriptors", "the slope is what one more idle connection costs each request", None),
            rows,
            columns,
            [[page.Entry(each, book[each].line_arguments()) for each in servers]] + [[]] * (rows - 1),
            [page.Entry(text) for text in [*_list_slopes(ledger, cells, kernels, servers), *ledger.describe_gaps(name)]],
            ledger.describe_footer(),
            share_y=True,
        )
        highest = max(cell["instructions_per_request"] for cell in cells)
        for axes, kernel in zip(sheet.panels, kernels):
            _draw_panel(axes, [cell for cell in cells if cell["kernel"] == kernel], servers, book)
            axes.set_title(ledger.short(kernel), fontsize=style.HEADING_POINTS)
            axes.set_xlim(-0.04 * values[-1], 1.04 * values[-1])
            axes.set_ylim(0, 1.06 * highest)
            axes.xaxis.set_major_locator(MaxNLocator(4))
            axes.xaxis.set_major_formatter(lambda value, _: ticks.count(value))
            axes.yaxis.set_major_formatter(lambda value, _: ticks.count(value))
        for row in range(rows):
            sheet.panels[row * columns].set_ylabel("instructions per request")
        sheet.finish(len(kernels), "idle connections")
    return sheet.figure


def find_slope(points):
    """Instructions per request and descriptor: the median slope of all pairs of points (Theil and Sen); None for one point."""
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in itertools.combinations(sorted(points), 2) if a[0] != b[0]]
    return statistics.median(slopes) if slopes else None


def list_points(cells, server):
    return sorted((cell["value"], cell["instructions_per_request"]) for cell in cells if cell["server"] == server)


def _draw_panel(axes, cells, servers, book):
    for server in servers:
        points = list_points(cells, server)
        if points:
            axes.plot(*zip(*points), label=server, **book[server].line_arguments())


def _list_slopes(ledger, cells, kernels, servers):
    lines = []
    for server in servers:
        found = {each: find_slope(list_points([cell for cell in cells if cell["kernel"] == each], server)) for each in kernels}
        listed = ", ".join(f"{format_count(slope)} on {ledger.short(each)}" for each, slope in found.items() if slope is not None)
        lines.append(f"{server}: {listed} instructions per idle connection" if listed else f"{server}: no slope")
    return lines
