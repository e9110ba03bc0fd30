"""Shared by the tests of charts: a run with every chart of the tables, drawing in memory, queries of figures."""

import math

from plots import charts, page
from plots.run_file import Run
from plots.style import StyleBook
from plots.tests import fixture


def tables():
    """The tables of plots/charts, by the names of the experiments of make_every_chart()."""
    by_parameter = {f"by-{name.replace('_', '-')}": table for name, table in charts.BY_PARAMETER.items()}
    with_baseline = {"interleaved": charts.DEFAULT, "interleaved-idle": charts.BY_PARAMETER["idle_connections"]}
    return by_parameter | {"default": charts.DEFAULT} | with_baseline | {"memory-only": charts.MEMORY_ONLY}


def make_every_chart(servers=(("select", "select"), ("epoll", "epoll"), ("nginx", None))):
    """A run with an experiment for each table of plots/charts, so that a new chart is tested without a change here."""
    names = tuple(name for name, _ in servers)
    parameters = {f"by-{name.replace('_', '-')}": name for name in charts.BY_PARAMETER}
    parameters |= {"default": "connections", "interleaved": "connections", "interleaved-idle": "idle_connections"}
    parameters |= {"memory-only": "idle_connections"}
    sweeps = ((name, "made up", names, parameter, (1, 10), None) for name, parameter in parameters.items())
    run = fixture.make_run(servers, tuple(sweeps), {})
    run["suite"]["experiments"][-1]["workload"]["connections"] = 1
    return fixture.interleave(run, "interleaved", "interleaved-idle", control=10)


def choose_one_of_a_kind(run):
    """(stem, draw, Experiment) for each function that draws: of those that share one, the chart with most metrics."""
    found = {}
    for experiment in run.experiments:
        for name, draw in charts.find_charts(experiment).items():
            metrics = len(getattr(draw, "keywords", {}).get("metrics", ()))
            known = found.get(getattr(draw, "func", draw))
            if known is None or known[0] < metrics:
                found[getattr(draw, "func", draw)] = metrics, (f"{experiment.name}-{name}", draw, experiment)
    return [chart for _, chart in found.values()]


def has_data(figure):
    """Whether any panel shows a value: a labelled line through a finite point, or a bar."""
    ys = (y for line in labelled_lines(figure) for y in line.get_ydata())
    return any(not math.isnan(y) for y in ys) or any(axes.patches for axes in figure.axes)


def legend_texts(figure):
    """All texts of the figure's legends, wrapped lines joined."""
    return [" ".join(text.get_text().split()) for legend in figure.legends for text in legend.get_texts()]


def drawn(run, *stems):
    """{file stem: Figure} of all charts of a run document, or of those named."""
    loaded = Run(run, "run.json")
    book = StyleBook(loaded.servers)
    named = [
        (f"{each.name}-{name}", draw, each)
        for each in loaded.experiments
        for name, draw in charts.find_charts(each).items()
    ]
    figures = {stem: draw(loaded, each, book) for stem, draw, each in named if not stems or stem in stems}
    return {stem: figure for stem, figure in figures.items() if figure}


def labelled_lines(figure):
    """Lines with a label, of all panels."""
    return [line for axes in figure.axes for line in axes.get_lines() if not line.get_label().startswith("_")]


def assert_nothing_overlaps(test, stem, figure):
    """Checks that legends, titles, footer and panels do not overlap, and that all is on the page."""
    renderer = figure.canvas.get_renderer()
    with page.without_glyph_warnings():
        figure.draw(renderer)
    panels = [axes.get_tightbbox(renderer) for axes in figure.axes if axes.get_visible()]
    outside = [legend.get_window_extent(renderer) for legend in figure.legends]
    outside += [text.get_window_extent(renderer) for text in figure.texts]
    for box in outside:
        test.assertFalse(any(box.overlaps(panel) for panel in panels), stem)
    for box in outside + panels:
        test.assertGreaterEqual(box.x0, 0, stem)
        test.assertLessEqual(box.x1, figure.bbox.x1, stem)
        test.assertGreaterEqual(box.y0, 0, stem)
    for index, box in enumerate(outside):
        test.assertFalse(any(box.overlaps(other) for other in outside[index + 1 :]), stem)
