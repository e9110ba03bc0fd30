"""Draws a ledger of `fanin kernels`: bars, heat map and costs as PNG and SVG, and a flame graph for each cell."""

from pathlib import Path

from plots import page
from plots.ledger import bars, cost, flame, heat_map, memory
from plots.ledger.document import load


def draw_files(path, out):
    """Draws the ledger at `path` and yields the path of each file written, to `out` or to charts/ next to it.

    Raises InputError, and OSError if writing fails.
    """
    path = Path(path)
    ledger = load(path)
    out = out or (path if path.is_dir() else path.parent) / "charts"
    out.mkdir(parents=True, exist_ok=True)
    for stem, figure in draw_figures(ledger).items():
        yield from page.save(figure, out / stem)
    for stem, picture in draw_flames(ledger):
        target = out / f"{stem}.svg"
        page.write_atomically(target, picture.encode("utf-8"))
        yield target


def draw_figures(ledger):
    """{file stem: Figure}; a chart that the ledger has no figures for is left out."""
    figures = {"ledger-kernels": heat_map.draw(ledger), "ledger-memory": memory.draw(ledger)}
    for name, cells in ledger.list_experiments().items():
        figures[f"ledger-{name}-subsystems"] = bars.draw(ledger, name, cells)
        figures[f"ledger-{name}-slope"] = cost.draw(ledger, name, cells)
    return {stem: figure for stem, figure in figures.items() if figure}


def draw_flames(ledger, ids=None):
    """Yields (file stem, SVG) of each cell, or of those with the `ids`: the last kernel that counted it compared with the first
    one that did."""
    for cell_id in (each for each in ledger.list_ids() if ids is None or each in ids):
        cells = [found for kernel in ledger.kernels if (found := ledger.find(cell_id, kernel))]
        yield f"flame-{cell_id.replace('/', '-')}", flame.draw(ledger, cells[0], cells[-1])
