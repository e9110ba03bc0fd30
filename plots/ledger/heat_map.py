"""Models by kernels: the colour is the change of a cell from the first kernel, the text its instructions per request."""

import matplotlib
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.patches import Rectangle

from plots import page, style
from plots.ledger.document import format_change, format_count

_ROW, _COLUMN = 0.24, 1.75  # inches
_COLOURS = LinearSegmentedColormap.from_list("change", [style.VERDICTS["better"]["color"], "#ffffff", style.VERDICTS["worse"]["color"]])
_LEAST = 1.0  # %: the colours of smaller changes stay pale


def draw(ledger):
    """Returns the Figure, or None for one kernel."""
    if len(ledger.kernels) < 2:
        return None
    ids = ledger.list_ids()
    changes = {(row, kernel): _find_change(ledger, row, kernel) for row in ids for kernel in ledger.kernels}
    limit = max([_LEAST, *(abs(each) for each in changes.values() if each is not None)])
    left = 0.35 + max(page.measure(each, style.TEXT_POINTS) for each in ids)
    columns = min(_COLUMN, (page.WIDTH - left - page.RIGHT_MARGIN) / len(ledger.kernels))
    with matplotlib.rc_context(style.RC):
        sheet = page.new_page(
            ("Instructions per request on each kernel", f"colours: change from {ledger.short(ledger.kernels[0])}, fewer green, more orange; full colour at {limit:.3g} %", None),
            1,
            1,
            [[]],
            [page.Entry(text) for text in [*_list_configurations(ledger), *ledger.describe_seeds(), *ledger.describe_gaps()]],
            ledger.describe_footer(),
            left=left,
            legend_width=page.WIDTH - left - page.RIGHT_MARGIN - columns * len(ledger.kernels),
            panel_height=_ROW * len(ids),
        )
        (axes,) = sheet.panels
        _set_axes(axes, ledger, ids)
        norm = TwoSlopeNorm(0, -limit, limit)
        for row, cell_id in enumerate(ids):
            for column, kernel in enumerate(ledger.kernels):
                _draw_cell(axes, row, column, ledger.find(cell_id, kernel), changes[cell_id, kernel], norm)
    return sheet.figure


def _list_configurations(ledger):
    """A line for each difference of configurations that can change what a request costs."""
    for kernels, options, _ in ledger.list_configurations():
        changes = {}
        for name, was, now in options:
            changes.setdefault(f"{was} \u2192 {now}", []).append(name)
        text = "; ".join(f"{change}: {', '.join(found)}" for change, found in changes.items())
        names = ", ".join(map(ledger.short, kernels))
        yield f"Configuration of {names} compared with {ledger.short(ledger.kernels[0])}: {text or 'no difference that matters'}"


def _find_change(ledger, cell_id, kernel):
    """In %; None without both counts."""
    first, cell = ledger.find(cell_id, ledger.kernels[0]), ledger.find(cell_id, kernel)
    if first is None or cell is None:
        return None
    return 100 * (cell["instructions_per_request"] / first["instructions_per_request"] - 1)


def _set_axes(axes, ledger, ids):
    axes.set_xlim(0, len(ledger.kernels))
    axes.set_ylim(len(ids), 0)
    axes.grid(visible=False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_yticks([row + 0.5 for row in range(len(ids))], ids)
    names = [page.cut(ledger.short(each), 1.6, style.TEXT_POINTS) for each in ledger.kernels]
    axes.set_xticks([column + 0.5 for column in range(len(ledger.kernels))], names)


def _draw_cell(axes, row, column, cell, change, norm):
    colour = "#f0f0f0" if cell is None else "#ffffff" if change is None else _COLOURS(norm(change))
    axes.add_patch(Rectangle((column, row), 1, 1, facecolor=colour, edgecolor="white", linewidth=1))
    text = "\u2013" if cell is None else format_count(cell["instructions_per_request"])
    if column and change is not None:
        text += f"  {format_change(1 + change / 100)}"
    dark = change is not None and abs(norm(change) - 0.5) > 0.38
    axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=style.SMALL_POINTS, color="white" if dark else style.INK)
