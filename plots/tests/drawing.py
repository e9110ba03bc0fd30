"""What the tests of charts share: drawing a run's charts in memory, and looking at what was drawn."""

from plots import charts, page
from plots.run_file import Run
from plots.style import StyleBook


def legend_texts(figure):
    """All texts of the figure's legends, wrapped lines joined."""
    return [" ".join(text.get_text().split()) for legend in figure.legends for text in legend.get_texts()]


def drawn(run, *stems):
    """{file stem: Figure} of all charts of a run document, or of those named."""
    loaded = Run(run, "run.json")
    book = StyleBook(loaded.servers)
    named = [
        (f"{each.name}-{chart.NAME}", chart, each) for each in loaded.experiments for chart in charts.charts_of(each)
    ]
    figures = {stem: chart.draw(loaded, each, book) for stem, chart, each in named if not stems or stem in stems}
    return {stem: figure for stem, figure in figures.items() if figure}


def lines_of(figure):
    """Lines with a label, of all panels."""
    return [line for axes in figure.axes for line in axes.get_lines() if not line.get_label().startswith("_")]


def assert_nothing_overlaps(test, stem, figure):
    """Legends, titles and footer are apart from each other and from the panels, and all is on the page."""
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
