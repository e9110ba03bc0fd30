"""Dot plots of ratios: a row for each ratio with its interval, as a change in percent on both sides of 0 %.

The axis is linear in the logarithm of the ratio up to about 2 % and logarithmic beyond (asinh), so that it shows a
difference of 1 % next to one of 90 %.
"""

import math

from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from plots import style, ticks

ROW_HEIGHT = 0.235  # in inches
_LINEAR = math.log(1.02)
_LEAST = 1.015  # the axis shows at least this much on both sides
_DOWN = (-99.9, -99, -98, -95, -90, -80, -65, -50, -35, -20, -10, -5, -2, -1)
_UP = (1, 2, 5, 10, 20, 50, 100, 200, 400, 900, 2900, 9900, 99_900, 999_900)
_CHARACTER, _GAP = 0.062, 0.08  # of labels of ticks, in inches
_MINUS = "\u2212"


def place(ratio):
    """The position of a ratio on the axis."""
    return math.asinh(math.log(ratio) / _LINEAR)


def format_change(ratio, digits=1):
    """A ratio as a change: +1.5 %, −75.3 %; from tenfold on as a factor: ×12.5. `digits`: after the point."""
    if ratio >= 10:
        return f"\u00d7{ticks.count(ratio)}"
    change = round(100 * (ratio - 1), digits)
    return f"{change:{'+' if change else ''}.{0 if change >= 100 else digits}f} %".replace("-", _MINUS if change else "")


def rows_height(rows):
    """The height in inches of a panel with this number of rows."""
    return max(1.0, ROW_HEIGHT * rows + 0.1)


def set_axes(axes, names, ratios, room):
    """Prepares a panel: a row for each of the `names` (from top to bottom), and an axis that shows all `ratios`.

    `room`: inches on the right for columns of text.
    """
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    places = [place(each) for each in (1 / _LEAST, _LEAST, *ratios)]
    low, high = min(places), max(places)
    low, high = low - 0.04 * (high - low), high + 0.04 * (high - low)
    width = axes.figure.get_figwidth() * axes.get_position().width
    axes.set_xlim(low, low + (high - low) * width / (width - room))
    axes.spines["bottom"].set_bounds(low, high)
    inside = [each for each in (*_DOWN, *_UP) if low <= _place_change(each) <= high]
    chosen = _apart(inside, (width - room) / (high - low))
    axes.xaxis.set_major_locator(FixedLocator([_place_change(each) for each in chosen]))
    axes.xaxis.set_major_formatter(FixedFormatter([_format_tick(each) for each in chosen]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.tick_params(axis="x", labelsize=8)
    axes.plot([0, 0], [-0.6, len(names) - 0.4], color=style.FAINT, linewidth=1, zorder=1.6)


def _place_change(percent):
    return place(1 + percent / 100)


def _format_tick(percent):
    factor = f"\u00d7{ticks.count(1 + percent / 100)}"
    return factor if percent >= 900 else f"{percent:+g}".replace("-", _MINUS) if percent else "0"


def _apart(changes, inches):
    """The changes whose labels do not touch: 0, then those farthest from it. `inches`: of a unit of the axis."""

    def touch(change, other):
        room = _CHARACTER * (len(_format_tick(change)) + len(_format_tick(other))) / 2 + _GAP
        return abs(_place_change(change) - _place_change(other)) * inches < room

    kept = [0]
    for change in sorted(changes, key=lambda each: -abs(_place_change(each))):
        if not any(touch(change, other) for other in kept):
            kept.append(change)
    return sorted(kept)


def draw_interval(axes, row, low, high, **look):
    """Draws the interval of a ratio as a bar."""
    axes.plot([place(low), place(high)], [row, row], **{"linewidth": 5, "alpha": 0.35, "solid_capstyle": "butt", "zorder": 2, **look})


def write_column(axes, row, inches, text, **look):
    """Writes a text that ends `inches` left of the panel's right edge."""
    width = axes.figure.get_figwidth() * axes.get_position().width
    arguments = {"ha": "right", "va": "center", "fontsize": style.SMALL_POINTS, **look}
    axes.text(1 - inches / width, row, text, transform=axes.get_yaxis_transform(), **arguments)


def write_label(axes, text):
    """Labels the axis below its ticks, not below the columns of text."""
    low, high = axes.spines["bottom"].get_bounds()
    left, right = axes.get_xlim()
    axes.set_xlabel(text, x=((low + high) / 2 - left) / (right - left))
