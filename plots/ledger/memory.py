"""Kernel memory of an idle connection: a stacked bar for each server and kernel."""

import math

from matplotlib.ticker import MultipleLocator

from plots import style, ticks
from plots.ledger.bars import Bar, draw_bars
from plots.ledger.cost import IDLE, find_slope

# Parts of "memory" in a ledger: what charts call them, and how they look.
PARTS = {
    "page_table_bytes": ("page tables", "server_page_table_bytes"),
    "stack_bytes": ("kernel stacks", "server_kernel_stack_bytes"),
    "slab_bytes": ("slab", "machine_slab_bytes"),
}
_LOOKS = {words: style.Part(style.PARTS[part], style.INK_ON_PARTS[part]) for words, part in PARTS.values()}


def draw(ledger):
    """Returns the Figure, or None if no server was counted at several numbers of idle connections."""
    bars = list_bars(ledger)
    if not any(bar.total for bar in bars):
        return None
    heading = ("Kernel memory of an idle connection", "both ends of it \u00b7 slope over idle connections \u00b7 the memory of the programs is not part of it", None)
    step = 2 ** math.ceil(math.log2(max(bar.total for bar in bars) / 5))
    look = {"looks": _LOOKS, "axis": "bytes per idle connection", "form": ticks.size, "locator": MultipleLocator(step)}
    return draw_bars(ledger, heading, bars, **look)


def list_bars(ledger):
    """A Bar for each server and kernel that has a slope; the largest total first."""
    points = {}
    for cell in ledger.cells:
        if cell["parameter"] == IDLE and cell["memory"]:
            points.setdefault((cell["server"], cell["kernel"]), []).append(cell)
    bars = [_make_bar(server, kernel, cells) for (server, kernel), cells in points.items() if len({each["value"] for each in cells}) > 1]
    largest = {server: max(bar.total for bar in bars if bar.server == server) for server in {bar.server for bar in bars}}
    return sorted(bars, key=lambda bar: (-largest[bar.server], bar.server, ledger.kernels.index(bar.kernel)))


def _make_bar(server, kernel, cells):
    # Noise can make a small part negative.
    slopes = {words: max(0.0, find_slope([(cell["value"], cell["memory"][key]) for cell in cells])) for key, (words, _) in PARTS.items()}
    return Bar(server, kernel, slopes, sum(slopes.values()))
