"""The page around the panels of a chart: title, legends on the right and below, footer.

The layout is in inches, so that text never overlaps data, whatever the number of servers and notes.
"""

import contextlib
import io
import math
import os
import textwrap
import warnings
from dataclasses import dataclass, field

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from plots import style
from plots.text import short

WIDTH, LEFT, RIGHT_MARGIN, LEGEND_WIDTH = 10.0, 0.85, 0.25, 1.9  # LEFT and LEGEND_WIDTH are defaults
TOP, PANEL_HEIGHT, X_LABEL, ROW_GAP, COLUMN_GAP, FOOTER_LINE = 0.95, 3.9, 0.62, 0.75, 0.62, 0.16
NOTE_LINE, NOTE_GAP = 0.122, 0.034
LEGEND_LINE = 0.215
NOTE_WRAP, FOOTER_WRAP, MARGIN_WRAP, NAME_WIDTH = 138, 150, 18, 20  # in characters
ALARM_WIDTH = 1.8


@dataclass
class Entry:
    """One entry of a legend: a text and the keyword arguments of its Line2D (none: no symbol)."""

    text: str
    symbol: dict = field(default_factory=dict)


@dataclass
class Page:
    """A figure with its panels, row by row."""

    figure: Figure
    panels: list
    columns: int

    def finish(self, used, x_label):
        """Labels the x axis of the lowest of the first `used` panels in each column, and hides the other panels."""
        for panel in self.panels[used:]:
            panel.set_visible(False)
        for panel in self.panels[max(0, used - self.columns) : used]:
            panel.set_xlabel(x_label)


def new_page(
    heading, rows, columns, lines, notes, footer, share_y=False, left=LEFT, legend_width=LEGEND_WIDTH, panel_height=None
):
    """Returns a Page of rows x columns empty panels.

    `heading`: (title, subtitle, alarm or None); `lines`: lists of Entries, the legend on the right of each row of
    panels; `notes`: Entries of the legend below; `footer`: text. With `share_y` the panels of a row have one y axis,
    labelled on the left. Lengths are inches.
    """
    with matplotlib.rc_context(style.RC):
        notes = [Entry(_wrapped(each.text, NOTE_WRAP, "    "), each.symbol) for each in notes]
        lines = [[Entry(_in_margin(entry.text), entry.symbol) for entry in entries] for entries in lines]
        notes_height = sum(NOTE_LINE * _lines(each.text) + NOTE_GAP for each in notes) + (0.15 if notes else 0)
        footer = _wrapped(footer, FOOTER_WRAP)
        footer_height = FOOTER_LINE * _lines(footer) + 0.2
        row_height = panel_height or (PANEL_HEIGHT if rows == 1 else 2.7)
        # A long legend makes the page taller, not the print smaller.
        room = ROW_GAP if len(lines) > 1 else (rows - 1) * (row_height + ROW_GAP)
        row_height = max([row_height] + [sum(_lines(entry.text) for entry in each) * LEGEND_LINE - room for each in lines])
        height = TOP + rows * row_height + (rows - 1) * ROW_GAP + X_LABEL + notes_height + footer_height
        figure = Figure(figsize=(WIDTH, height))
        FigureCanvasAgg(figure)
        panels = _panels(figure, rows, columns, row_height, share_y, left, legend_width)
        _heading(figure, height, *heading)
        for row, entries in enumerate(lines):
            _legend_right(figure, entries, height - TOP - row * (row_height + ROW_GAP))
        if notes:
            _legend_below(figure, notes, footer_height + notes_height, height)
        look = {"fontsize": style.SMALL_POINTS, "color": style.FAINT, "va": "bottom", "linespacing": 1.35}
        figure.text(0.2 / WIDTH, 0.1 / height, footer, **look)
        return Page(figure, panels, columns)


def _wrapped(text, width, indent=""):
    return "\n".join(textwrap.wrap(text, width, subsequent_indent=indent))


def _in_margin(text):
    """The lines of a text on the right of the panels; each is cut after two lines of the margin."""
    wrapped = (textwrap.wrap(short(line, 2 * MARGIN_WRAP), MARGIN_WRAP, break_on_hyphens=False) for line in text.split("\n"))
    return "\n".join(line for lines in wrapped for line in lines)


def _lines(text):
    return text.count("\n") + 1


def _panels(figure, rows, columns, row_height, share_y, margin, legend_width):
    height = figure.get_figheight()
    gap = 0.3 if share_y else COLUMN_GAP
    width = (WIDTH - margin - legend_width - RIGHT_MARGIN - gap * (columns - 1)) / columns
    panels = []
    for row in range(rows):
        bottom = height - TOP - (row + 1) * row_height - row * ROW_GAP
        for column in range(columns):
            left = margin + column * (width + gap)
            box = (left / WIDTH, bottom / height, width / WIDTH, row_height / height)
            axes = figure.add_axes(box)
            axes.tick_params(length=3, labelsize=style.TEXT_POINTS, labelleft=not share_y or column == 0)
            panels.append(axes)
    return panels


def _heading(figure, height, title, subtitle, alarm):
    large = figure.text(0.2 / WIDTH, 1 - 0.14 / height, title, fontsize=style.TITLE_POINTS, weight="bold", va="top")
    small = figure.text(0.2 / WIDTH, 1 - 0.42 / height, subtitle, fontsize=style.TEXT_POINTS, color="#555555", va="top")
    _cut_to(large, WIDTH - 0.4 - (ALARM_WIDTH if alarm else 0))
    _cut_to(small, WIDTH - 0.4)
    if alarm:
        figure.text(
            1 - 0.2 / WIDTH,
            1 - 0.16 / height,
            alarm,
            fontsize=style.TEXT_POINTS,
            color=style.ALARM,
            weight="bold",
            va="top",
            ha="right",
        )


def _cut_to(text, inches):
    """Cuts a Text of one line to a width."""
    renderer = text.figure.canvas.get_renderer()
    with without_glyph_warnings():
        while (share := inches * text.figure.dpi / max(1, text.get_window_extent(renderer).width)) < 1:
            text.set_text(short(text.get_text(), max(1, math.floor(share * (len(text.get_text()) - 1)))))


def fit(words, inches, **look):
    """(the text cut to a width, its width in inches) of one line with this look."""
    figure = Figure()
    FigureCanvasAgg(figure)
    with matplotlib.rc_context(style.RC):
        text = figure.text(0, 0, words, **look)
        _cut_to(text, inches)
        with without_glyph_warnings():
            width = text.get_window_extent(figure.canvas.get_renderer()).width
    return text.get_text(), width / figure.dpi


def _handles(entries):
    return [Line2D([], [], **{"linestyle": "none", **each.symbol}) for each in entries]


def _legend_texts(entries):
    # matplotlib omits legend entries that begin with an underscore.
    return [f" {each.text}" if each.text.startswith("_") else each.text for each in entries]


def _legend_right(figure, entries, top):
    if entries:
        figure.legend(
            _handles(entries),
            _legend_texts(entries),
            loc="upper left",
            borderaxespad=0,
            handlelength=3.2,
            labelspacing=0.55,
            bbox_to_anchor=((WIDTH - LEGEND_WIDTH - 0.08) / WIDTH, (top + 0.02) / figure.get_figheight()),
        )


def _legend_below(figure, entries, top, height):
    legend = figure.legend(
        _handles(entries),
        _legend_texts(entries),
        loc="upper left",
        borderaxespad=0,
        handlelength=1.6,
        labelspacing=0.35,
        fontsize=8,
        bbox_to_anchor=(0.2 / WIDTH, (top - 0.02) / height),
    )
    for text in legend.get_texts():
        text.set_color("#444444")


@contextlib.contextmanager
def without_glyph_warnings():
    """Silences warnings about characters that the font lacks, which are drawn as boxes."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        yield


def save(figure, stem):
    """Writes `figure` as stem.png and stem.svg and returns both paths. Raises OSError if it cannot."""
    written = []
    with matplotlib.rc_context(style.RC), without_glyph_warnings():
        for suffix, arguments in (
            (".png", {"dpi": 150, "metadata": {"Software": None}}),
            (".svg", {"dpi": 150, "metadata": {"Date": None}}),
        ):
            path = stem.with_name(stem.name + suffix)
            picture = io.BytesIO()
            figure.savefig(picture, format=suffix[1:], **arguments)
            write_atomically(path, picture.getvalue())
            written.append(path)
    return written


def write_atomically(path, content):
    """Writes `content` to `path`, or leaves the old file and raises an OSError that names the path."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from error
