"""The page around the panels of a chart: title, legends on the right and below, footer.

The layout is in inches, so that text never overlaps data, whatever the number of servers and notes.
"""

import contextlib
import functools
import io
import math
import os
import textwrap
import warnings
from dataclasses import dataclass, field

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.transforms import blended_transform_factory

from plots import style
from plots.text import short

WIDTH, LEFT, RIGHT_MARGIN, LEGEND_WIDTH = 10.0, 0.85, 0.25, 1.9  # LEFT and LEGEND_WIDTH are defaults
TOP, PANEL_HEIGHT, X_LABEL, ROW_GAP, COLUMN_GAP, FOOTER_LINE = 0.95, 3.9, 0.62, 0.75, 0.62, 0.16
NOTE_LINE, NOTE_GAP = 0.122, 0.034
LEGEND_LINE = 0.215
SUBTITLE_LINE, MAX_SUBTITLE = 0.17, 3  # inches, lines
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

    `heading`: (title, subtitle of at most MAX_SUBTITLE lines, alarm or None); `lines`: lists of Entries, the legend on the right of each row of
    panels; `notes`: Entries of the legend below; `footer`: text. With `share_y` the panels of a row have one y axis,
    labelled on the left. `panel_height`: of all rows, or a list with that of each. Lengths are inches.
    """
    with matplotlib.rc_context(style.RC):
        notes = [Entry(_wrapped(each.text, NOTE_WRAP, "    "), each.symbol) for each in notes]
        lines = [[Entry(_in_margin(entry.text), entry.symbol) for entry in entries] for entries in lines]
        notes_height = sum(NOTE_LINE * _lines(each.text) + NOTE_GAP for each in notes) + (0.15 if notes else 0)
        footer = _wrapped(footer, FOOTER_WRAP)
        footer_height = FOOTER_LINE * _lines(footer) + 0.2
        row_heights = _row_heights(rows, panel_height, [sum(_lines(entry.text) for entry in each) for each in lines])
        title, subtitle, alarm = heading
        subtitle = wrap(subtitle, WIDTH - 0.4, MAX_SUBTITLE, style.TEXT_POINTS)
        first = TOP + (len(subtitle) - 1) * SUBTITLE_LINE  # the top of the first row
        height = first + sum(row_heights) + (rows - 1) * ROW_GAP + X_LABEL + notes_height + footer_height
        tops = [height - first - sum(row_heights[:row]) - row * ROW_GAP for row in range(rows)]
        figure = Figure(figsize=(WIDTH, height))
        FigureCanvasAgg(figure)
        panels = _panels(figure, tops, row_heights, columns, share_y, left, legend_width)
        _heading(figure, height, title, "\n".join(subtitle), alarm)
        for top, entries in zip(tops, lines):
            _legend_right(figure, entries, top)
        if notes:
            _legend_below(figure, notes, footer_height + notes_height, height)
        look = {"fontsize": style.SMALL_POINTS, "color": style.FAINT, "va": "bottom", "linespacing": 1.35}
        figure.text(0.2 / WIDTH, 0.1 / height, footer, **look)
        return Page(figure, panels, columns)


def measure(words, points, weight="normal"):
    """The width in inches of one line of text."""
    look = FontProperties(family=style.RC["font.sans-serif"], size=points, weight=weight)
    with without_glyph_warnings():
        return _renderer().get_text_width_height_descent(words, look, ismath=False)[0] / _renderer().dpi


def find_place(axes):
    """The transform of places beside a panel: x in inches from the left of the page, y in data of the panel."""
    return blended_transform_factory(axes.figure.dpi_scale_trans, axes.transData)


def write(axes, inches, y, text, **look):
    """Writes a line beside or in a panel: `inches` from the left of the page, at `y` in data of the panel."""
    arguments = {"fontsize": 8, "va": "center", "clip_on": False, **look}
    return axes.text(inches, y, text, transform=find_place(axes), **arguments)


@functools.cache
def _renderer():
    return FigureCanvasAgg(Figure()).get_renderer()


def cut(words, inches, points, weight="normal"):
    """One line of text, cut to a width."""
    while (width := measure(words, points, weight)) > inches and len(words) > 1:
        words = short(words, max(1, min(len(words) - 1, math.floor(len(words) * inches / width))))
    return words


def wrap(words, inches, lines, points, weight="normal"):
    """The text as a list of at most `lines` lines of a width in inches; what does not fit is cut."""
    found, rest = [], words.split()
    while rest:
        if len(found) == lines:
            found[-1] = cut(f"{found[-1]} {rest[0]}\u2026", inches, points, weight)
            break
        taken = 1
        while taken < len(rest) and measure(" ".join(rest[: taken + 1]), points, weight) <= inches:
            taken += 1
        found.append(cut(" ".join(rest[:taken]), inches, points, weight))
        rest = rest[taken:]
    return found or [""]


def _wrapped(text, width, indent=""):
    return "\n".join(textwrap.wrap(text, width, subsequent_indent=indent))


def _in_margin(text):
    """The lines of a text on the right of the panels; each is cut after two lines of the margin."""
    wrapped = (textwrap.wrap(short(line, 2 * MARGIN_WRAP), MARGIN_WRAP, break_on_hyphens=False) for line in text.split("\n"))
    return "\n".join(line for lines in wrapped for line in lines)


def _lines(text):
    return text.count("\n") + 1


def _row_heights(rows, panel_height, legends):
    """The heights of the rows in inches. `legends`: the number of lines of each legend on the right."""
    if isinstance(panel_height, list):
        return panel_height
    row_height = panel_height or (PANEL_HEIGHT if rows == 1 else 2.7)
    # A long legend makes the page taller, not the print smaller.
    room = ROW_GAP if len(legends) > 1 else (rows - 1) * (row_height + ROW_GAP)
    return [max([row_height] + [each * LEGEND_LINE - room for each in legends])] * rows


def _panels(figure, tops, row_heights, columns, share_y, margin, legend_width):
    height = figure.get_figheight()
    gap = 0.3 if share_y else COLUMN_GAP
    width = (WIDTH - margin - legend_width - RIGHT_MARGIN - gap * (columns - 1)) / columns
    panels = []
    for top, row_height in zip(tops, row_heights):
        for column in range(columns):
            left = margin + column * (width + gap)
            box = (left / WIDTH, (top - row_height) / height, width / WIDTH, row_height / height)
            axes = figure.add_axes(box)
            axes.tick_params(length=3, labelsize=style.TEXT_POINTS, labelleft=not share_y or column == 0)
            panels.append(axes)
    return panels


def _heading(figure, height, title, subtitle, alarm):
    room = WIDTH - 0.4 - (ALARM_WIDTH if alarm else 0)
    # A long title is small before it is cut.
    points = style.TITLE_POINTS * min(1, 0.98 * room / max(1e-9, measure(title, style.TITLE_POINTS, "bold")))
    points = max(style.HEADING_POINTS, points)
    large = figure.text(0.2 / WIDTH, 1 - 0.14 / height, title, fontsize=points, weight="bold", va="top")
    look = {"fontsize": style.TEXT_POINTS, "color": "#555555", "va": "top", "linespacing": 1.25}
    figure.text(0.2 / WIDTH, 1 - 0.42 / height, subtitle, **look)
    _cut_to(large, room)
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
    return [save_png(figure, stem), _save_as(figure, stem, ".svg", {"Date": None})]


def save_png(figure, stem):
    """Writes `figure` as stem.png and returns the path. Raises OSError if it cannot."""
    return _save_as(figure, stem, ".png", {"Software": None})


def _save_as(figure, stem, suffix, metadata):
    path = stem.with_name(stem.name + suffix)
    picture = io.BytesIO()
    with matplotlib.rc_context(style.RC), without_glyph_warnings():
        figure.savefig(picture, format=suffix[1:], dpi=150, metadata=metadata)
    write_atomically(path, picture.getvalue())
    return path


def save_next_to(figure, path, out, what):
    """As save(), of the chart of the file at `path`: NAME-what next to it, or in the directory `out`, which is made."""
    out = out or path.parent
    out.mkdir(parents=True, exist_ok=True)
    return save(figure, out / f"{path.name.split('.')[0]}-{what}")


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
